import { priorities, type Priority } from '../../protocol/events.ts';
import { textOf } from '../../storage/columns.ts';
import type { Database, Schema } from '../../storage/database.ts';
import { hashOf } from './command-rows.ts';

/** Priorities as the file orders them. */
export const rankOf = (priority: Priority): number => priorities.indexOf(priority);

/**
 * Version 1. `streams`: how far each lane of each stream is applied, and whose it is; one row a start of a node's daemon.
 * `nodes`: what events tell of a node; `told_by` is the stream that told it last, so that an older one which comes late tells
 * nothing. `events`: the log; positions are without holes, since only the oldest are ever deleted.
 */
const told = `
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
  CREATE INDEX events_above_low ON events (position) WHERE rank >= ${rankOf('medium')};
`;

/**
 * Version 2. Of nodes: `keepalive` and `converge` as JSON, `conditions`, and `terminations` that were not withdrawn, one a check.
 * Of what they are told: `commands` by number, so in the order they were given, with `request`, the words they were asked for
 * in; `targets`, each node of each command; `settings`, with '' as the node of a whole cluster's, `set_at` being the revision
 * that brought them; `templates`; and `revision`, one row.
 */
const ordered = `
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
  INSERT INTO revision VALUES (1);
`;

/**
 * Version 3. Of `commands`, `words_hash` instead of the words, and no value: both could hold secrets. The index of targets has all
 * that are not at an end.
 */
const discreet = `
  ALTER TABLE commands RENAME COLUMN request TO words_hash;
  DROP INDEX targets_pending;
  CREATE INDEX targets_open ON targets (number) WHERE state IN ('pending', 'accepted');
`;

const forgetWords = (database: Database): void => {
  database.exec(`${discreet}; UPDATE commands SET arguments = json_remove(arguments, '$.value')`);
  const one = database.prepare('SELECT words_hash FROM commands WHERE number = ?');
  const hash = database.prepare('UPDATE commands SET words_hash = ? WHERE number = ?');
  // One at a time: words may take a megabyte each.
  for (const { number } of database.prepare('SELECT number FROM commands').all()) {
    if (number !== undefined) hash.run(hashOf(textOf(one.get(number), 'words_hash')), number);
  }
};

/**
 * Version 4. `tokens` with what was derived from their secrets while they can be used, `nonce` being that of whoever redeems one;
 * and `identities`, of which `user` is the broker's.
 */
const enrolled = `
  CREATE TABLE tokens (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    cluster TEXT NOT NULL,
    node TEXT NOT NULL,
    key TEXT,
    state TEXT NOT NULL,
    nonce TEXT,
    minted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  );
  CREATE INDEX tokens_of_node ON tokens (cluster, node);
  CREATE INDEX tokens_redeeming ON tokens (number) WHERE state = 'redeeming';
  CREATE TABLE identities (
    number INTEGER PRIMARY KEY,
    cluster TEXT NOT NULL,
    node TEXT NOT NULL,
    user TEXT NOT NULL,
    state TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (cluster, node)
  );
`;

/**
 * Version 5. Of nodes, `shutdown` as JSON; of conditions, what `jetpack condition set` may say besides; and `autoscale`, the newest
 * target of each node array, with '' as the name of a cluster as a whole, and `node` that asked for it.
 */
const reported = `
  ALTER TABLE nodes ADD COLUMN shutdown TEXT;
  ALTER TABLE conditions ADD COLUMN description TEXT;
  ALTER TABLE conditions ADD COLUMN action_type TEXT;
  ALTER TABLE conditions ADD COLUMN ghr_category TEXT;
  CREATE TABLE autoscale (
    cluster TEXT NOT NULL,
    name TEXT NOT NULL,
    node TEXT NOT NULL,
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (cluster, name)
  ) WITHOUT ROWID;
`;

/**
 * Version 6. Of identities, `verifier`: what is kept of the password. `posted`: which events came over HTTP, by the ids of their
 * messages, for as long as the log has them.
 */
const posted = `
  ALTER TABLE identities ADD COLUMN verifier TEXT;
  CREATE INDEX identities_of_user ON identities (user);
  CREATE TABLE posted (
    node_id INTEGER NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (node_id, id)
  ) WITHOUT ROWID;
  CREATE INDEX posted_in_order ON posted (position);
`;

/** Version 7. Of nodes, `properties`: the tree of what was set, as JSON. */
const withProperties = 'ALTER TABLE nodes ADD COLUMN properties TEXT;';

/** Version 8. `origin`, one row: what ids are made of, written when the store is opened first. */
const withOrigin = 'CREATE TABLE origin (value TEXT NOT NULL);';

export const storeSchema: Schema = {
  applicationId: 0x4a_50_53_54, // JPST
  version: 8,
  create: (database) => database.exec(told + ordered + discreet + enrolled + reported + posted + withProperties + withOrigin),
  upgrades: {
    1: (database) => database.exec(ordered),
    2: forgetWords,
    3: (database) => database.exec(enrolled),
    4: (database) => database.exec(reported),
    5: (database) => database.exec(posted),
    6: (database) => database.exec(withProperties),
    // Every node is to be told its ids.
    7: (database) => database.exec(`${withOrigin} UPDATE revision SET value = value + 1`),
  },
};
