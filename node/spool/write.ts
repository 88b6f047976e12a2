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

const bytesIn = (folder: string, names: readonly string[]): number => {
  let bytes = 0;
  for (const name of names) bytes += bytesOf(name) ?? lstatSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
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
    if (bytesIn(spool, names) + bytes > bounds.bytes) return fail('spool_unwritable', `${spool} holds ${bounds.bytes} bytes, as many as it may`);
    writeDurably(path.join(spool, requestName(request, bytes)), path.join(spool, temporaryName(process.pid, request)), text, 0o640);
    return ok(undefined);
  } catch (error) {
    return fail('spool_unwritable', `${spool} cannot be written (${systemCode(error)})`);
  }
};
