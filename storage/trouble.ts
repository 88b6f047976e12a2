// What an error of SQLite or of the file system means for who called: damage to the file, trouble of the machine (a full
// disk, a lock, a read-only mount), or a defect of this program.
import type { ErrorCode } from '../protocol/errors.ts';
import { fail, type Result } from '../protocol/result.ts';

export type StorageCode = Extract<ErrorCode, 'outbox_unwritable' | 'state_unwritable' | 'store_unwritable'>;

/** Result codes of SQLite (https://sqlite.org/rescode.html) that say the file is no sound database. */
const damage: ReadonlySet<number> = new Set([11 /* CORRUPT */, 26 /* NOTADB */]);

const inUse: ReadonlySet<number> = new Set([5 /* BUSY */, 6 /* LOCKED */]);

/** Result codes that say the machine, not the program, is why it failed. */
const machine: ReadonlySet<number> = new Set([
  5 /* BUSY */, 6 /* LOCKED */, 7 /* NOMEM */, 8 /* READONLY */, 10 /* IOERR */, 13 /* FULL */, 14 /* CANTOPEN */, 15 /* PROTOCOL */,
]);

// By shape, not by class: under a test runner the errors of Node's own modules are of another realm.
const property = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null ? Object.getOwnPropertyDescriptor(error, name)?.value : undefined;

/** The primary result code of an error that `node:sqlite` threw, undefined for any other error. */
const resultCode = (error: unknown): number | undefined => {
  const code = property(error, 'errcode');
  // The upper bits of an extended code only say more about the primary one.
  return typeof code === 'number' ? code % 256 : undefined;
};

/** The code of a file system error (`EACCES`), undefined for any other error. */
export const fileSystemCode = (error: unknown): string | undefined => {
  const code = property(error, 'code');
  return typeof code === 'string' && property(error, 'syscall') !== undefined ? code : undefined;
};

/** Whether the error says that the file itself is corrupt or no database. */
export const isDamage = (error: unknown): boolean => {
  const code = resultCode(error);
  return code !== undefined && damage.has(code);
};

/** Whether the error says that another has a lock on the file. */
export const isInUse = (error: unknown): boolean => {
  const code = resultCode(error);
  return code !== undefined && inUse.has(code);
};

/** Why storage failed, as a line for a person; undefined when the error is a defect of this program and must stay an exception. */
export const troubleOf = (error: unknown): string | undefined => {
  const code = resultCode(error);
  const expected = code === undefined ? fileSystemCode(error) !== undefined : damage.has(code) || machine.has(code);
  return expected ? String(property(error, 'message')) : undefined;
};

/** Runs `work`; trouble becomes a failure with `code`, `what` being what could not be done. Defects stay exceptions. */
export const catchTrouble = <T>(code: StorageCode, what: string, work: () => Result<T>): Result<T> => {
  try {
    return work();
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === undefined) throw error;
    return fail(code, `${what}: ${trouble}`);
  }
};
