import { priorities, type Priority } from '../../protocol/events.ts';
import type { Schema } from '../../storage/database.ts';

/** Priorities as the file orders them. */
export const rankOf = (priority: Priority): number => priorities.indexOf(priority);

/**
 * `streams`: how far each lane of each stream is applied, and whose it is; one row a start of a node's daemon. `nodes`: what
 * events tell of a node; `told_by` is the stream that told it last, so that an older one which comes late tells nothing.
 * `events`: the log; positions are without holes, since only the oldest are ever deleted.
 */
const tables = `
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

export const storeSchema: Schema = {
  applicationId: 0x4a_50_53_54, // JPST
  version: 1,
  create: (database) => database.exec(tables),
};
