// Reads a SQLite file of ours without owning it: what its owner left is seen, with what the owner had committed last, and nothing of
// it changes. While its owner has it open nothing can be read, and the owner is not held up.
import { accessSync, constants } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fail, ok, type Result } from '../protocol/result.ts';
import { integerOf } from './columns.ts';
import type { Database, Schema } from './database.ts';
import { fileSystemCode, isDamage, isInUse, troubleOf } from './trouble.ts';

const pragma = (database: Database, name: string): number => integerOf(database.prepare(`PRAGMA ${name}`).get(), name);

const reasons: Readonly<Record<string, string>> = { ENOENT: 'does not exist', EACCES: 'may not be read by this user' };

/** A database that others may look into while its owner does not run. */
export interface OwnedForm extends Pick<Schema, 'applicationId' | 'version'> {
  /** Whose file it is. */
  readonly program: string;
}

/** What `read` finds in the database at `path`. Fails with `file_unreadable`. */
export const readDatabase = <T>(path: string, { applicationId, program, version }: OwnedForm, read: (database: Database) => T): Result<T> => {
  const unreadable = (reason: string): Result<never> => fail('file_unreadable', `${path} ${reason}`);
  let database: Database | undefined;
  try {
    accessSync(path, constants.R_OK);
    database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    if (pragma(database, 'application_id') !== applicationId) return unreadable('is a database of another program');
    const found = pragma(database, 'user_version');
    if (found !== version) return unreadable(`has version ${found}, and this program has version ${version}`);
    return ok(read(database));
  } catch (error) {
    const code = fileSystemCode(error);
    if (code !== undefined) return unreadable(reasons[code] ?? `cannot be read (${code})`);
    if (isDamage(error)) return unreadable('is damaged');
    if (isInUse(error)) return unreadable(`is in use, and only ${program} could tell`);
    const trouble = troubleOf(error);
    if (trouble === undefined) throw error;
    return unreadable(`cannot be read: ${trouble}`);
  } finally {
    database?.close();
  }
};
