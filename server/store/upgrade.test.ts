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

/** What version 2 added, word for word as it was released. */
const second = `
  ALTER TABLE nodes ADD COLUMN keepalive TEXT;
  ALTER TABLE nodes ADD COLUMN converge TEXT;
  CREATE TABLE conditions (
    node_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    details TEXT,
    recommendation TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (node_id, name)
  ) WITHOUT ROWID;
  CREATE TABLE terminations (
    node_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    request TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (node_id, name)
  ) WITHOUT ROWID;
  CREATE TABLE commands (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    cluster TEXT NOT NULL,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,
    request TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    trace TEXT
  );
  CREATE TABLE targets (
    number INTEGER NOT NULL,
    node TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    message TEXT,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (number, node)
  ) WITHOUT ROWID;
  CREATE INDEX targets_pending ON targets (number) WHERE state = 'pending';
  CREATE TABLE settings (
    cluster TEXT NOT NULL,
    node TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (cluster, node, key)
  ) WITHOUT ROWID;
  CREATE TABLE templates (cluster TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE revision (value INTEGER NOT NULL);
  INSERT INTO revision VALUES (2);
  INSERT INTO commands VALUES (1, 'c-1', 'lab', 'set', '{"key":"a.b","value":"a secret"}', 'words with a secret', 5, 6, NULL);
  INSERT INTO commands VALUES (2, 'c-2', 'lab', 'converge', '{"rerunScripts":true}', 'other words', 5, 6, NULL);
  INSERT INTO targets VALUES (1, 'n1', 'accepted', NULL, NULL, 5);
  INSERT INTO targets VALUES (2, 'n1', 'done', NULL, NULL, 5);
  INSERT INTO settings VALUES ('lab', '', 'a.b', '"a secret"', 2);
`;

/** What version 3 changed, word for word as it was released. */
const third = `
  ALTER TABLE commands RENAME COLUMN request TO words_hash;
  DROP INDEX targets_pending;
  CREATE INDEX targets_open ON targets (number) WHERE state IN ('pending', 'accepted');
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
      shutdown: undefined,
      properties: {},
      converge: undefined,
    },
  ]);
  expect([store.appliedOf('s', 'report'), store.count(), store.revision()]).toEqual([7, 1, 2]);
  expect(store.events({ limit: 10 })).toMatchObject([{ position: 7, message: 'kept', priority: 'high' }]);
  expect(await store.order({ type: 'raise', above: 4 })).toEqual({ ok: true, value: { outcome: 'done' } });
  await store.close();
  const again = open(folder);
  expect([again.setAside, again.store.revision(), again.store.count()]).toEqual([undefined, 5, 1]);
  expect([store.origin(), again.store.origin()]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), store.origin()]);
  await again.store.close();
});

test('a store of version 2 is carried over, and then has the value of a setting and the words it was asked for in nowhere else', async () => {
  await using folder = await temporaryFolder();
  begun(folder, { ...first, version: 2, create: (database) => database.exec(released + second) });
  const { setAside, store } = open(folder);
  expect([setAside, store.revision(), store.settings('lab')]).toEqual([undefined, 3, [{ key: 'a.b', value: 'a secret' }]]);
  expect(store.command('c-1')).toEqual({ id: 'c-1', cluster: 'lab', name: 'set', key: 'a.b', issuedAt: 5, expiresAt: 6, targets: [{ node: 'n1', state: 'accepted', changedAt: 5 }] });
  expect(store.command('c-2')).toMatchObject({ rerunScripts: true, targets: [{ state: 'done' }] });
  expect(store.pendingTargets()).toMatchObject([{ number: 1, state: 'accepted' }]);
  const again = { type: 'command', command: { id: 'c-1', cluster: 'lab', name: 'set', key: 'a.b', expiresAt: 9 }, nodes: ['n1'], scope: 'cluster' } as const;
  expect(await store.order({ ...again, value: 'a secret', request: 'words with a secret' })).toMatchObject({ value: { outcome: 'known' } });
  expect(await store.order({ ...again, value: 'a secret', request: 'others' })).toMatchObject({ value: { outcome: 'conflict' } });
  await store.close();
  const opened = openDatabase(folder.at('store.db'), storeSchema, 'store_unwritable', 0);
  if (!opened.ok) throw new Error(opened.error.message);
  expect(JSON.stringify(opened.value.database.prepare('SELECT * FROM commands').all())).not.toContain('secret');
  opened.value.database.close();
});

test('a store of version 3 is carried over, and then takes tokens and identities', async () => {
  await using folder = await temporaryFolder();
  begun(folder, { ...first, version: 3, create: (database) => database.exec(released + second + third) });
  const { setAside, store } = open(folder);
  expect([setAside, store.revision(), store.tokens({ limit: 9 }), store.identities({ limit: 9 }), store.withOpenWork()]).toEqual([undefined, 3, [], [], []]);
  expect(store.command('c-2')).toMatchObject({ rerunScripts: true });
  const node = { cluster: 'lab', node: 'n1' };
  await store.order({ type: 'mint', token: { ...node, id: 't', key: 'k', expiresAt: 9 } });
  await store.order({ type: 'redeem', id: 't', nonce: 'n' });
  await store.close();
  const again = open(folder).store;
  expect([again.withOpenWork(), again.openWork(node)]).toMatchObject([[node], { type: 'grant', token: { id: 't', nonce: 'n', key: 'k' } }]);
  await again.close();
});

test('a store of a later version is set aside', async () => {
  await using folder = await temporaryFolder();
  begun(folder, { ...first, version: 9 });
  const { setAside, store } = open(folder);
  expect([setAside?.reason, store.count()]).toEqual(['its schema has version 9, and this program has version 8', 0]);
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
