import type { Schema } from '../../storage/database.ts';
import { ownerTable, refuseForeignOwner, writeOwner, type FileOwner } from '../owned-file.ts';

/** `entries`: the map. `reports`: those that the outbox may not have yet, in the order of their changes. */
const tables = `
  ${ownerTable}
  CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE reports (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, report TEXT NOT NULL);
`;

/** What marks the state's file. */
export const stateForm = { applicationId: 0x4a_50_53_54 /* JPST */, version: 1, program: 'jetpackd' } as const;

/** The state's file, refused when another node or another instance wrote it: a new machine starts afresh. */
export const stateSchema = (owner: FileOwner): Schema => ({
  ...stateForm,
  create: (database) => {
    database.exec(tables);
    writeOwner(database, owner);
  },
  refuse: (database) => refuseForeignOwner(database, owner),
});
