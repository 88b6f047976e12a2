// Which files a report takes, and what of each. Links are not followed, and only files are opened: what a log's folder holds is
// not in our hands.
import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { unreadable } from '../../commands/unreadable.ts';
import { systemCode } from '../../node/home/system-error.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';

export interface FoundLog {
  /** Absolute. */
  readonly file: string;
  /** In the archive. */
  readonly name: string;
  readonly bytes: number;
  readonly mtime: Date;
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

export interface FoundLogs {
  /** The ones that were written last come first. */
  readonly logs: readonly FoundLog[];
  readonly leftOut: readonly LeftOut[];
}

/** More than any node has; fewer than fill the memory. */
const mostFiles = 10_000;

/** What `converge --strace` writes. */
const traced = /\.strace$/;

const byTime = (one: FoundLog, other: FoundLog): number => other.mtime.getTime() - one.mtime.getTime() || (one.name < other.name ? -1 : 1);

const kindOf = (status: Stats): string | undefined => {
  if (status.isSymbolicLink()) return 'a link, which is not followed';
  return status.isFile() ? undefined : 'no file: a pipe, a socket or a device';
};

/** Names within an archive have no backslash: other systems take it for a slash. */
const inArchive = (relative: string): string => path.posix.join('logs', relative.replaceAll('\\', '_'));

/** Of a file or folder. Fails with `file_unreadable` when there is none. */
export const findLogs = async (named: string): Promise<Result<FoundLogs>> => {
  try {
    return await logsOf(named);
  } catch (error) {
    return unreadable(named, systemCode(error));
  }
};

const logsOf = async (named: string): Promise<Result<FoundLogs>> => {
  const top = await realpath(named);
  const logs: FoundLog[] = [];
  const leftOut: LeftOut[] = [];
  const take = (file: string, relative: string, status: Stats): void => {
    const kind = kindOf(status);
    const name = inArchive(relative);
    if (kind !== undefined) leftOut.push({ name, why: kind });
    else if (traced.test(name)) leftOut.push({ name, why: 'system calls with all the data of a script: nothing in it can be told to be a secret' });
    else if (logs.length < mostFiles) logs.push({ file, name, bytes: status.size, mtime: status.mtime });
    else leftOut.push({ name, why: `more than ${mostFiles} files` });
  };
  const scan = async (folder: string, relative: string): Promise<void> => {
    const names = await readdir(folder);
    for (const name of names.sort()) {
      const [file, place] = [path.join(folder, name), path.posix.join(relative, name)];
      try {
        const status = await lstat(file);
        if (status.isDirectory()) await scan(file, place);
        else take(file, place, status);
      } catch (error) {
        leftOut.push({ name: inArchive(place), why: `cannot be read (${systemCode(error)})` });
      }
    }
  };
  const status = await stat(top);
  if (status.isDirectory()) await scan(top, '');
  else if (status.isFile()) take(top, path.basename(top), status);
  else return fail('file_unreadable', `${named} is neither a file nor a folder`);
  return ok({ logs: logs.sort(byTime), leftOut });
};
