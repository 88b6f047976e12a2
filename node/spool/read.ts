// Reads one file of the spool. Any cluster user may put anything there, and the reader is root: no link is followed, nothing
// but a plain file with one name is read, no more of it than a request may have, and what it says is checked.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { firstIssue, parseJson } from '../../protocol/json.ts';
import { limits } from '../../protocol/limits.ts';
import { spooledRequest, type SpooledRequest } from '../../protocol/local.ts';
import { systemCode } from '../home/system-error.ts';

export type SpoolFile =
  | { readonly type: 'request'; readonly request: SpooledRequest }
  /** Never to be read by anyone; `reason` completes "this file …". */
  | { readonly type: 'unreadable'; readonly reason: string }
  /** Not a file to be moved about. */
  | { readonly type: 'folder' }
  | { readonly type: 'gone' };

const unreadable = (reason: string): SpoolFile => ({ type: 'unreadable', reason });

/** Not following a link at the end, and not waiting for the other end of a pipe. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Errors of `open` that speak of this file; any other speaks of the machine and is thrown. */
const refusals: ReadonlyMap<string, SpoolFile> = new Map([
  ['ENOENT', { type: 'gone' }],
  ['ELOOP', unreadable('is a link')],
  ['ENXIO', unreadable('is not a plain file')],
  ['EACCES', unreadable('may not be read by the daemon')],
]);

const decode = (bytes: Uint8Array): SpoolFile => {
  const json = parseJson(bytes);
  if (!json.ok) return unreadable(json.error);
  const parsed = spooledRequest.safeParse(json.value);
  return parsed.success ? { type: 'request', request: parsed.data } : unreadable(`is wrong at ${firstIssue(parsed.error)}`);
};

const readPlain = async (handle: FileHandle): Promise<SpoolFile> => {
  const status = await handle.stat();
  if (status.isDirectory()) return { type: 'folder' };
  if (!status.isFile()) return unreadable('is not a plain file');
  if (status.nlink > 1) return unreadable('has a second name elsewhere');
  if (status.size > limits.line) return unreadable(`has ${status.size} bytes: at most ${limits.line} are allowed`);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(status.size), 0, status.size, 0);
  return decode(buffer.subarray(0, bytesRead));
};

export const readSpoolFile = async (file: string): Promise<SpoolFile> => {
  let handle: FileHandle;
  try {
    handle = await open(file, flags);
  } catch (error) {
    const refusal = refusals.get(systemCode(error));
    if (refusal === undefined) throw error;
    return refusal;
  }
  try {
    return await readPlain(handle);
  } finally {
    await handle.close();
  }
};
