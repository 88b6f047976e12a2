// The server's store on SQLite: the log of events, how far each stream is applied, and what is known of each node.
//
// A batch:  repeats left out -> its events, their effect and `applied` in one transaction -> told what was stored
//           begins too far on, or in another node's stream -> told so, and nothing is written
//
// That `applied` moves in the transaction of the effect is what makes delivery exact: after a crash both happened or
// neither. It trusts no order but its own count: what does not follow is refused, whoever sent it. It never stores a
// sequence of a stream twice, never takes a position for a second event, and deletes nothing but the oldest events.
import type { Batch, BatchOutcome, Store, StoredEvent } from '../../actors/server/ports.ts';
import type { Clock } from '../../effects/clock.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { openDatabase, type Database } from '../../storage/database.ts';
import { GroupCommit } from '../../storage/group-commit.ts';
import type { SetAside } from '../../storage/set-aside.ts';
import { catchTrouble } from '../../storage/trouble.ts';
import { EventLog } from './event-log.ts';
import { Registry } from './registry.ts';
import { storeSchema } from './schema.ts';

export interface StoreOptions {
  readonly clock: Clock;
  /** Events kept, the newest, default 1,000,000; up to 1,000 more wait to be deleted together. */
  readonly retention?: number;
}

export interface OpenedStore {
  readonly store: Store;
  /** The file that was found instead and could not be used. */
  readonly setAside: SetAside | undefined;
}

const defaultRetention = 1_000_000;

/** A store on an open database of its schema. Throws what the database throws. */
export const createStore = (database: Database, { clock, retention = defaultRetention }: StoreOptions): Store => {
  const registry = new Registry(database);
  const log = new EventLog(database, retention);
  const commits = new GroupCommit({ database, clock, code: 'store_unwritable', follower: log });

  const apply = ({ from, stream, lane, entries }: Batch): BatchOutcome => {
    const known = registry.find(stream, lane);
    if (known !== undefined && (known.cluster !== from.cluster || known.node !== from.node)) {
      return { outcome: 'conflict', owner: { cluster: known.cluster, node: known.node } };
    }
    let applied = known?.applied ?? 0;
    const fresh = entries.filter(({ through }) => through > applied);
    const [first] = fresh;
    if (first === undefined) return { outcome: 'applied', applied, stored: [] };
    if (first.sequence > applied + 1) return { outcome: 'gap', applied };
    const source = known ?? registry.add(from, stream, lane);
    const stored: StoredEvent[] = [];
    for (const entry of fresh) {
      if (entry.through <= applied) continue;
      if (entry.sequence > applied + 1) break;
      stored.push(log.append(source, entry, clock.now()));
      if (entry.event.ok) registry.tell(source, entry.event.value);
      applied = entry.through;
    }
    registry.move(source, applied);
    return { outcome: 'applied', applied, stored };
  };

  return {
    applyBatch: (batch) => commits.run(() => apply(batch)),
    appliedOf: (stream, lane) => registry.appliedOf(stream, lane),
    nodes: (only) => registry.nodes(only),
    events: (query) => log.query(query),
    count: () => log.count,
    close: async () => {
      commits.close();
      if (database.isOpen) database.close();
    },
  };
};

/** Opens or creates the store at `path`. Fails with `store_unwritable`. */
export const openStore = (path: string, options: StoreOptions): Result<OpenedStore> => {
  const opened = openDatabase(path, storeSchema, 'store_unwritable', options.clock.now());
  if (!opened.ok) return opened;
  const { database, setAside } = opened.value;
  const created = catchTrouble('store_unwritable', `${path} cannot be read`, () => ok(createStore(database, options)));
  if (!created.ok) database.close();
  return created.ok ? ok({ store: created.value, setAside }) : created;
};
