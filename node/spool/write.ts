// The writing half of the spool, for a command line whose daemon is away.
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { SpooledRequest } from '../../protocol/local.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { writeDurably } from '../home/durable-file.ts';
import type { HomePaths } from '../home/paths.ts';
import { prepareSpool } from '../home/prepare.ts';
import { systemCode } from '../home/system-error.ts';
import { bytesOf, requestName, temporaryName } from './names.ts';

/** What may wait in the spool. Writers at the same moment may pass it by one message each. */
const defaultBounds = { files: 10_000, bytes: 256 * 1024 * 1024 };

/** A folder holds no message. */
const sizeOf = (file: string): number => {
  const status = lstatSync(file, { throwIfNoEntry: false });
  return status?.isFile() === true ? status.size : 0;
};

const total = (names: readonly string[], size: (name: string) => number): number => names.reduce((sum, name) => sum + size(name), 0);

/** By what the names say; where that leaves no room each is looked at, for a name may say anything. */
const hasRoom = (folder: string, names: readonly string[], bytes: number): boolean => {
  const look = (name: string): number => sizeOf(path.join(folder, name));
  return total(names, (name) => bytesOf(name) ?? look(name)) <= bytes || total(names, look) <= bytes;
};

/**
 * Writes a request into the spool, durable when this returns; the same id at the same time is the same file. Makes `run/`
 * where the home has none. Fails with `home_unusable` or `spool_unwritable`.
 */
export const writeSpool = (paths: HomePaths, request: SpooledRequest, bounds = defaultBounds): Result<void> => {
  const prepared = prepareSpool(paths);
  if (!prepared.ok) return prepared;
  const { spool } = paths;
  const text = `${JSON.stringify(request)}\n`;
  try {
    const names = readdirSync(spool);
    if (names.length >= bounds.files) return fail('spool_unwritable', `${spool} holds ${bounds.files} messages, as many as it may`);
    const bytes = Buffer.byteLength(text);
    if (!hasRoom(spool, names, bounds.bytes - bytes)) return fail('spool_unwritable', `${spool} holds ${bounds.bytes} bytes, as many as it may`);
    writeDurably(path.join(spool, requestName(request, bytes)), path.join(spool, temporaryName(process.pid, request)), text, 0o640);
    return ok(undefined);
  } catch (error) {
    return fail('spool_unwritable', `${spool} cannot be written (${systemCode(error)})`);
  }
};
