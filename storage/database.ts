// Opens a SQLite file so that what is committed survives a power cut, that nobody else can read it, and that one process
// owns it. A sound file of an earlier version that can be brought to this one is; any other file that is no sound database
// of ours is set aside with its reason and a fresh one begins; trouble of the machine (full disk, file in use, read-only
// mount) leaves the file where it is and is an answer.
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { fail, ok, type Result } from '../protocol/result.ts';
import { integerOf, textOf } from './columns.ts';
import { setAside, type SetAside } from './set-aside.ts';
import { catchTrouble, fileSystemCode, isDamage, troubleOf, type StorageCode } from './trouble.ts';

export type Database = DatabaseSync;
export type Statement = StatementSync;

/** What a file must be to be ours. */
export interface Schema {
  /** Marks the kind of file (SQLite's `application_id`), so that no file is taken for another of ours. */
  readonly applicationId: number;
  /** SQLite's `user_version`. */
  readonly version: number;
  /** Makes the tables of a new file. Runs in a transaction. */
  readonly create: (database: Database) => void;
  /** What leads from the version it stands under to the next. All that a file needs run in one transaction. */
  readonly upgrades?: Readonly<Record<number, (database: Database) => void>>;
  /** Why a sound file of this kind must not be used all the same. */
  readonly refuse?: (database: Database) => string | undefined;
}

export interface OpenedDatabase {
  readonly database: Database;
  /** The file that was found instead and could not be used. */
  readonly setAside: SetAside | undefined;
}

/** How long opening waits for a process that still holds the file, milliseconds. It blocks: afterwards nobody contends. */
const busyMs = 500;

/** Files up to this size are checked page by page at opening; beyond it that would hold up the start for seconds. */
const checkedBytes = 64 * 1024 * 1024;

/** Of a new file. Rows of events are large, and fewer pages are fewer writes. */
const pageBytes = 8_192;

/** What the log may hold before it is copied into the file, and what it is cut back to after a large transaction. Copying waits for the disk twice. */
const logBytes = 16 * 1024 * 1024;

/** Creates the file where there is none, private from its first moment; SQLite gives its log the same mode. */
const ensureFile = (path: string): Result<{ readonly bytes: number }, string> => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    closeSync(openSync(path, 'wx', 0o600));
    return ok({ bytes: 0 });
  }
  if (!found.isFile()) return { ok: false, error: 'it is not a file' };
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (fileSystemCode(error) === 'EACCES') return { ok: false, error: 'this user may not read and write it' };
    throw error;
  }
  return ok({ bytes: found.size });
};

const pragma = (database: Database, name: string): number => integerOf(database.prepare(`PRAGMA ${name}`).get(), name);

const isEmpty = (database: Database): boolean => database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;

/** The steps from a version to the schema's, none when it is the same; undefined when there is no way. */
const stepsFrom = (version: number, schema: Schema): ReadonlyArray<(database: Database) => void> | undefined => {
  if (version > schema.version) return undefined;
  const steps = Array.from({ length: schema.version - version }, (_, index) => schema.upgrades?.[version + index]);
  const known = steps.filter((step) => step !== undefined);
  return known.length === steps.length ? known : undefined;
};

/** Why a file cannot be used, judged before anything is written to it. */
const judge = (database: Database, schema: Schema, bytes: number): string | undefined => {
  const kind = pragma(database, 'application_id');
  if (kind !== schema.applicationId) return 'it is a database of another program';
  const version = pragma(database, 'user_version');
  if (stepsFrom(version, schema) === undefined) return `its schema has version ${version}, and this program has version ${schema.version}`;
  if (bytes <= checkedBytes && textOf(database.prepare('PRAGMA quick_check(1)').get(), 'quick_check') !== 'ok') return 'it is corrupt';
  return version === schema.version ? schema.refuse?.(database) : undefined;
};

/** Brings a file that was judged to the schema's version. Why it cannot be used all the same; it is then as it was. */
const upgrade = (database: Database, schema: Schema): string | undefined => {
  const steps = stepsFrom(pragma(database, 'user_version'), schema) ?? [];
  if (steps.length === 0) return undefined;
  database.exec('BEGIN IMMEDIATE');
  for (const step of steps) step(database);
  database.exec(`PRAGMA user_version = ${schema.version}`);
  // Only now is the file what its owner knows how to judge.
  const refused = schema.refuse?.(database);
  database.exec(refused === undefined ? 'COMMIT' : 'ROLLBACK');
  return refused;
};

const create = (database: Database, schema: Schema): void => {
  database.exec('BEGIN IMMEDIATE');
  database.exec(`PRAGMA application_id = ${schema.applicationId}; PRAGMA user_version = ${schema.version}`);
  schema.create(database);
  database.exec('COMMIT');
};

/** The database, or the reason why the file at this path is not it. Throws trouble of the machine. */
const attempt = (path: string, schema: Schema): Result<Database, string> => {
  const file = ensureFile(path);
  if (!file.ok) return file;
  const database = new DatabaseSync(path, { timeout: busyMs });
  try {
    // Held for as long as it is open: a second process is turned away, and what this one keeps in memory stays true.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    const fresh = isEmpty(database);
    const refuse = (reason: string): Result<Database, string> => {
      database.close();
      return { ok: false, error: reason };
    };
    const reason = fresh ? undefined : judge(database, schema, file.value.bytes);
    if (reason !== undefined) return refuse(reason);
    if (fresh) database.exec(`PRAGMA page_size = ${pageBytes}`);
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${logBytes}`);
    database.exec(`PRAGMA wal_autocheckpoint = ${Math.floor(logBytes / pragma(database, 'page_size'))}`);
    if (fresh) create(database, schema);
    const refused = fresh ? undefined : upgrade(database, schema);
    return refused === undefined ? ok(database) : refuse(refused);
  } catch (error) {
    database.close();
    if (isDamage(error)) return { ok: false, error: `it is corrupt (${troubleOf(error)})` };
    throw error;
  }
};

/** Opens or creates the database at `path`. `at`, milliseconds since the epoch, names a file set aside. Fails with `code`. */
export const openDatabase = (path: string, schema: Schema, code: StorageCode, at: number): Result<OpenedDatabase> =>
  catchTrouble(code, `${path} cannot be opened`, (): Result<OpenedDatabase> => {
    const found = attempt(path, schema);
    if (found.ok) return ok({ database: found.value, setAside: undefined });
    const aside = setAside(path, found.error, at);
    const fresh = attempt(path, schema);
    return fresh.ok ? ok({ database: fresh.value, setAside: aside }) : fail(code, `${path} cannot be used: ${fresh.error}`);
  });
