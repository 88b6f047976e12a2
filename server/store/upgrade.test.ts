import { expect, test } from '@jest/globals';
import { ManualClock } from '../../effects/manual-clock.ts';
import { openDatabase, type Schema } from '../../storage/database.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { storeSchema } from './schema.ts';
import { openStore } from './store.ts';

const clock = new ManualClock();

/** Version 1, word for word as it was released. */
const released = `
  CREATE TABLE nodes (
    node_id INTEGER PRIMARY KEY,
    cluster TEXT NOT NULL,
    node TEXT NOT NULL,
    instance TEXT NOT NULL DEFAULT '',
    hostname TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    phase TEXT NOT NULL DEFAULT 'unknown',
    detail TEXT,
    phase_at INTEGER NOT NULL DEFAULT 0,
    told_by INTEGER NOT NULL DEFAULT 0,
    UNIQUE (cluster, node)
  );
  CREATE TABLE streams (
    stream_id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    lane TEXT NOT NULL,
    node_id INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    UNIQUE (stream, lane)
  );
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL,
    node_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    id TEXT,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    level TEXT NOT NULL,
    rank INTEGER NOT NULL,
    message TEXT NOT NULL,
    raw TEXT NOT NULL,
    problem TEXT
  );
  CREATE INDEX events_of_node ON events (node_id, position);
  CREATE INDEX events_above_low ON events (position) WHERE rank >= 1;
  INSERT INTO nodes VALUES (1, 'lab', 'n1', 'i-1', 'host', '0.1.0', 'ready', 'all well', 5, 1);
  INSERT INTO streams VALUES (1, 's', 'report', 1, 7);
  INSERT INTO events VALUES (7, 1, 1, 7, NULL, 'log', 3, 4, 'warn', 2, 'kept', '{}', NULL);
`;

const first: Schema = { applicationId: storeSchema.applicationId, version: 1, create: (database) => database.exec(released) };

const open = (folder: TemporaryFolder) => {
  const opened = openStore(folder.at('store.db'), { clock });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
};

const begun = (folder: TemporaryFolder, schema: Schema): void => {
  const opened = openDatabase(folder.at('store.db'), schema, 'store_unwritable', 0);
  if (!opened.ok) throw new Error(opened.error.message);
  opened.value.database.close();
};

test('a store of version 1 is carried over with all it holds, and takes orders', async () => {
  await using folder = await temporaryFolder();
  begun(folder, first);
  const { setAside, store } = open(folder);
  expect(setAside).toBeUndefined();
  expect(store.nodes()).toEqual([
    {
      cluster: 'lab',
      node: 'n1',
      instanceId: 'i-1',
      hostname: 'host',
      version: '0.1.0',
      phase: 'ready',
      detail: 'all well',
      phaseAt: 5,
      conditions: [],
      keepalive: undefined,
      terminations: [],
      converge: undefined,
    },
  ]);
  expect([store.appliedOf('s', 'report'), store.count(), store.revision()]).toEqual([7, 1, 1]);
  expect(store.events({ limit: 10 })).toMatchObject([{ position: 7, message: 'kept', priority: 'high' }]);
  expect(await store.order({ type: 'raise', above: 4 })).toEqual({ ok: true, value: { outcome: 'done' } });
  await store.close();
  const again = open(folder);
  expect([again.setAside, again.store.revision(), again.store.count()]).toEqual([undefined, 5, 1]);
  await again.store.close();
});

test('a store of a later version is set aside', async () => {
  await using folder = await temporaryFolder();
  begun(folder, { ...first, version: 3 });
  const { setAside, store } = open(folder);
  expect([setAside?.reason, store.count()]).toEqual(['its schema has version 3, and this program has version 2', 0]);
  await store.close();
});

test('a fresh store and one that was carried over have the same tables', async () => {
  const schemaOf = async (prepare: (folder: TemporaryFolder) => void): Promise<unknown> => {
    await using folder = await temporaryFolder();
    prepare(folder);
    await open(folder).store.close();
    const opened = openDatabase(folder.at('store.db'), storeSchema, 'store_unwritable', 0);
    if (!opened.ok) throw new Error(opened.error.message);
    const { database } = opened.value;
    const found = database.prepare('SELECT name, type, tbl_name FROM sqlite_schema ORDER BY name').all();
    const columns = database.prepare("SELECT s.name AS of, c.name, c.type FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table' ORDER BY s.name, c.cid").all();
    database.close();
    return [found, columns];
  };
  expect(await schemaOf((folder) => begun(folder, first))).toEqual(await schemaOf(() => undefined));
});
