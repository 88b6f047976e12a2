// What the tests of store share.
import { incomingEntry } from '../../../actors/server/intake-entry.ts';
import type { Batch, BatchOutcome, EventQuery, Store } from '../../../actors/server/ports.ts';
import { ManualClock } from '../../../effects/manual-clock.ts';
import type { JetpackEvent } from '../../../protocol/events.ts';
import { openDatabase, type Database } from '../../../storage/database.ts';
import type { TemporaryFolder } from '../../../storage/testing/temporary-folder.ts';
import { storeSchema } from '../schema.ts';
import { createStore, openStore, type OpenedStore, type StoreOptions } from '../store.ts';

export const clock = new ManualClock();

export const n1 = { cluster: 'lab', node: 'n1' };

export const n2 = { cluster: 'lab', node: 'n2' };

let ids = 0;

export const common = () => ({ id: `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`, at: 1_000 + ids });

export const log = (message: string, priority: 'low' | 'medium' | 'high' = 'low'): JetpackEvent => ({ ...common(), kind: 'log', level: 'info', priority, message });

export const node = (version: string): JetpackEvent => ({ ...common(), kind: 'node', instanceId: 'i-1', hostname: 'host', version, pid: 7 });

/** A batch that begins at `first`. */
export const batch = (first: number, events: readonly unknown[], stream = 's', from = n1): Batch => ({
  from,
  stream,
  lane: 'report',
  entries: events.map((event, index) => incomingEntry(first + index, event)),
});

export const open = (folder: TemporaryFolder, options: Partial<StoreOptions> = {}): OpenedStore => {
  const opened = openStore(folder.at('store.db'), { clock, ...options });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
};

export const apply = async (store: Store, what: Batch): Promise<BatchOutcome> => {
  const result = await store.applyBatch(what);
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
};

export const messages = (store: Store, query: Partial<EventQuery> = {}): readonly string[] => store.events({ limit: 100, ...query }).map(({ message }) => message);

/** A store whose file the test can reach. */
export const openSmall = (folder: TemporaryFolder): { readonly database: Database; readonly store: Store } => {
  const opened = openDatabase(folder.at('store.db'), storeSchema, 'store_unwritable', 0);
  if (!opened.ok) throw new Error(opened.error.message);
  const { database } = opened.value;
  return { database, store: createStore(database, { clock }) };
};
