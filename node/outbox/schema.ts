import type { Lane } from '../../actors/node/messaging/ports.ts';
import type { Schema } from '../../storage/database.ts';
import { ownerTable, refuseForeignOwner, writeOwner, type FileOwner } from '../owned-file.ts';

/** Lanes as the file holds them. */
export const laneNumber: Readonly<Record<Lane, number>> = { report: 0, user: 1 };

/** What becomes of a row when there is no room: a lower number gives way before a higher one, from `stays` on none does. */
export const standing = { low: 0, medium: 1, stays: 2, tombstone: 3 } as const;

export type Standing = (typeof standing)[keyof typeof standing];

/**
 * `streams`: one row an opening; `report` and `user` are the last sequences given out, as far as rows do not tell more. `rows`: what was accepted and not
 * yet applied. `ids`: the ids of repeatable entries, a row a transaction.
 */
const tables = `
  ${ownerTable}
  CREATE TABLE streams (
    ordinal INTEGER PRIMARY KEY,
    stream TEXT NOT NULL UNIQUE,
    after_stream TEXT,
    after_sequence INTEGER,
    report INTEGER NOT NULL,
    user INTEGER NOT NULL
  );
  CREATE TABLE rows (
    position INTEGER PRIMARY KEY,
    ordinal INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    through INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    payload TEXT NOT NULL
  );
  CREATE UNIQUE INDEX rows_in_order ON rows (ordinal, lane, sequence);
  CREATE TABLE ids (last INTEGER PRIMARY KEY, stream TEXT NOT NULL, entries TEXT NOT NULL);
`;

/** What marks the outbox's file. */
export const outboxForm = { applicationId: 0x4a_50_4f_42 /* JPOB */, version: 1, program: 'jetpackd' } as const;

/** The outbox's file, refused when another node or another instance wrote it. */
export const outboxSchema = (owner: FileOwner): Schema => ({
  ...outboxForm,
  create: (database) => {
    database.exec(tables);
    writeOwner(database, owner);
  },
  refuse: (database) => refuseForeignOwner(database, owner),
});
