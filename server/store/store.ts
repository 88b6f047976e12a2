// The server's store on SQLite: the log of events, how far each stream is applied, what is known of each node, and what
// nodes are told and who they may be. Three verbs write, and all share commits (docs/adr/0005-a-second-writing-verb.md).
//
// A batch (`applyBatch`, from nodes):
//   repeats left out -> its events, their effect and `applied` in one transaction -> told what was stored
//   begins too far on, or in another node's stream -> told so, and nothing is written
// What was posted (`post`, by programs on nodes):
//   repeats left out, by their ids -> its events and their effect in one transaction -> told what was stored
// An order (`order`, of this server itself):
//   its one change, with the new revision where it is one of settings or templates, in one transaction -> told that it is done
//   a command whose id is there already -> told whether it is the same, and nothing is written
//   a step of a token or an identity that does not follow from where it stands -> told so, and nothing is written
//
// That `applied` moves in the transaction of the effect is what makes delivery exact: after a crash both happened or
// neither. It trusts no order but its own count: what does not follow is refused, whoever sent it. It never stores a
// sequence of a stream twice, never takes a position for a second event, deletes nothing but the oldest events, and commits
// nothing once another has opened the file (epoch.ts).
import type { Change, Ordered } from '../../actors/server/order-ports.ts';
import type { Batch, BatchOutcome, PostedBatch, Store, StoredEvent } from '../../actors/server/ports.ts';
import type { Clock } from '../../effects/clock.ts';
import { systemRandom, type Random } from '../../effects/random.ts';
import { assertNever, ok, type Result } from '../../protocol/result.ts';
import { openDatabase, type Database } from '../../storage/database.ts';
import { GroupCommit, type Follower } from '../../storage/group-commit.ts';
import type { SetAside } from '../../storage/set-aside.ts';
import { catchTrouble } from '../../storage/trouble.ts';
import { AutoscaleTargets } from './autoscale.ts';
import { Commands } from './commands.ts';
import { Enrolments } from './enrolments.ts';
import { Epoch } from './epoch.ts';
import { EventLog } from './event-log.ts';
import { NodeRecords } from './node-records.ts';
import { NodeTells } from './node-tells.ts';
import { originOf } from './origin.ts';
import { postedEntry, PostedEvents, postedStream } from './posted.ts';
import { Registry } from './registry.ts';
import { storeSchema } from './schema.ts';
import { Settings } from './settings.ts';

export interface StoreOptions {
  readonly clock: Clock;
  /** Default: the system's. */
  readonly random?: Random;
  /** Events kept, the newest, default 1,000,000; up to 1,000 more wait to be deleted together. */
  readonly retention?: number;
}

export interface OpenedStore {
  readonly store: Store;
  /** The file that was found instead and could not be used. */
  readonly setAside: SetAside | undefined;
}

const defaultRetention = 1_000_000;

/** A store on an open database of its schema. `fence` says whether it may still be written to. Throws what the database throws. */
export const createStore = (database: Database, { clock, random = systemRandom, retention = defaultRetention }: StoreOptions, fence: Pick<Epoch, 'check'> = { check: () => undefined }): Store => {
  const origin = originOf(database, random);
  const registry = new Registry(database);
  const tells = new NodeTells(database);
  const records = new NodeRecords(database);
  const autoscale = new AutoscaleTargets(database);
  const commands = new Commands(database);
  const settings = new Settings(database);
  const enrolments = new Enrolments(database);
  const posted = new PostedEvents(database);
  const log = new EventLog(database, retention);
  const follower: Follower = {
    begun: () => {
      log.begun();
      fence.check();
    },
    committing: () => log.committing(),
    rolledBack: () => log.rolledBack(),
  };
  const commits = new GroupCommit({ database, clock, code: 'store_unwritable', follower });

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
      if (entry.event.ok) {
        tells.tell(source, entry.event.value);
        // A command is told of by whichever stream brings it: what became of it does not grow old.
        if (entry.event.value.kind === 'command') commands.tell(source, entry.event.value, clock.now());
        if (entry.event.value.kind === 'autoscale') autoscale.tell(source, entry.event.value, clock.now(), entry.clockOffsetMs ?? 0);
      }
      applied = entry.through;
    }
    log.flush();
    registry.move(source, applied);
    return { outcome: 'applied', applied, stored };
  };

  const post = ({ events, from }: PostedBatch): readonly StoredEvent[] => {
    const { lane, stream } = postedStream(from);
    const source = registry.find(stream, lane) ?? registry.add(from, stream, lane);
    posted.forgetBefore(log.oldest);
    const stored: StoredEvent[] = [];
    for (const event of events) {
      if (posted.has(source, event.id)) continue;
      const added = log.append(source, postedEntry(source.applied + stored.length + 1, event), clock.now());
      posted.add(source, event.id, added.position);
      if (event.kind === 'installation') tells.tellBeside(source, event);
      stored.push(added);
    }
    log.flush();
    registry.move(source, source.applied + stored.length);
    return stored;
  };

  const order = (change: Change): Ordered => {
    switch (change.type) {
      case 'command': {
        const { command, nodes, request, scope, value } = change;
        const found = commands.find(command.id, request);
        if (found !== 'new') return { outcome: found };
        commands.add(change, clock.now());
        const { cluster, key } = command;
        if (key !== undefined && value !== undefined) settings.set(cluster, scope === 'cluster' ? 'cluster' : nodes, key, value);
        return { outcome: 'done' };
      }
      case 'templates':
        settings.replaceTemplates(change.templates);
        return { outcome: 'done' };
      case 'raise':
        settings.raise(change.above);
        return { outcome: 'done' };
      case 'expire':
        commands.expire(clock.now());
        return { outcome: 'done' };
      case 'mint':
      case 'redeem':
      case 'granted':
      case 'revoke':
      case 'revoked':
      case 'tidy':
        return enrolments.order(change, clock.now());
      default:
        return assertNever(change);
    }
  };

  return {
    applyBatch: (batch) => commits.run(() => apply(batch)),
    post: (batch) => commits.run(() => post(batch)),
    order: (change) => commits.run(() => order(change)),
    appliedOf: (stream, lane) => registry.appliedOf(stream, lane),
    nodes: (only) => records.nodes(only),
    origin: () => origin,
    revision: () => settings.revision(),
    settings: (cluster) => settings.settings(cluster),
    command: (id) => commands.command(id),
    commands: (limit) => commands.commands(limit),
    pendingTargets: (after) => commands.pendingTargets(after),
    targetState: (id, node) => commands.targetState(id, node),
    token: (id) => enrolments.token(id),
    tokens: (page) => enrolments.tokens(page),
    identity: (node) => enrolments.identity(node),
    credential: (user) => enrolments.credential(user),
    identities: (page) => enrolments.identities(page),
    openWork: (node) => enrolments.openWork(node),
    withOpenWork: () => enrolments.withOpenWork(),
    events: (query) => log.query(query),
    autoscale: (cluster) => autoscale.of(cluster, clock.now()),
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
  const created = catchTrouble('store_unwritable', `${path} cannot be read`, () => ok(createStore(database, options, new Epoch(path, options.clock.now(), options.random ?? systemRandom))));
  if (!created.ok) database.close();
  return created.ok ? ok({ store: created.value, setAside }) : created;
};
