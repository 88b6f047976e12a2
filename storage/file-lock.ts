// A lock that the kernel gives to one process and takes back when that process ends, however it ends: SQLite's lock on a
// file, held by a transaction that is never committed. No process id is stored or compared, so none that is used again can
// be mistaken for the holder, and two that start together cannot both get it. It holds on local file systems, also
// between containers that share one.
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface FileLock {
  release(): void;
}

/** Two that start together may turn each other away; a moment later one of them gets it, milliseconds. It blocks. */
const contendMs = 500;

/** SQLite's result code for a lock that another holds (https://sqlite.org/rescode.html#busy). */
const busy = 5;

/** By shape, for the class is another one in another realm. */
const member = (error: unknown, name: string): unknown => (typeof error === 'object' && error !== null && name in error ? (error as Record<string, unknown>)[name] : undefined);

/**
 * Takes the lock; undefined when another process has it. The file is made private and stays. No other code may open it: the
 * kernel drops a process's lock when the process closes any handle of the file.
 */
export const lockFile = (path: string): FileLock | undefined => {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (member(error, 'code') !== 'EEXIST') throw error;
  }
  const database = new DatabaseSync(path, { timeout: contendMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (member(error, 'errcode') === busy) return undefined;
    throw error;
  }
  return { release: () => database.close() };
};
