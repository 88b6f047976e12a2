// Where the local sockets stand. In `run/`, unless that path is longer than the system allows for a socket: then in a
// folder of their own under the temporary folder, closed to all but its owner, whose name a file in `run/` records. The
// daemon claims the paths, clients find them and trust the record only as far as it can be checked.
import { lstatSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { writeDurably } from './durable-file.ts';
import type { HomePaths } from './paths.ts';
import { systemCode } from './system-error.ts';

export interface SocketPaths {
  readonly cluster: string;
  readonly admin: string;
  /** For the front, whose protocol is another (node/front/). */
  readonly front: string;
  readonly frontAdmin: string;
}

/** Bytes of a socket's path that Linux takes: 108 with the terminating zero (unix(7)). */
const longestPath = 107;

const fits = (sockets: SocketPaths): boolean => Object.values(sockets).every((file: string) => Buffer.byteLength(file) <= longestPath);

const inFolder = (folder: string): SocketPaths => ({
  cluster: path.join(folder, 'jetpack.sock'),
  admin: path.join(folder, 'admin.sock'),
  front: path.join(folder, 'front.sock'),
  frontAdmin: path.join(folder, 'front-admin.sock'),
});

/** A folder that only `owner` or root can have put sockets into. */
const isPrivateTo = (folder: string, owner: number): boolean => {
  const status = lstatSync(folder);
  return status.isDirectory() && (status.uid === owner || status.uid === 0) && (status.mode & 0o777) === 0o700;
};

/** The recorded folder, when there is a record and the folder is what the record's owner made it. */
const recorded = (paths: HomePaths): SocketPaths | undefined => {
  let folder: string;
  try {
    folder = readFileSync(paths.socketRecord, 'utf8').trim();
    if (!path.isAbsolute(folder) || !isPrivateTo(folder, lstatSync(paths.run).uid)) return undefined;
  } catch {
    return undefined;
  }
  const sockets = inFolder(folder);
  return fits(sockets) ? sockets : undefined;
};

/**
 * The paths a daemon may listen on. When it takes a folder of their own, that is made under `temporary` and recorded. Fails
 * with `home_unusable`.
 */
export const claimSocketPaths = (paths: HomePaths, temporary = tmpdir()): Result<SocketPaths> => {
  const inRun = inFolder(paths.run);
  if (fits(inRun)) return ok(inRun);
  const earlier = recorded(paths);
  if (earlier !== undefined) return ok(earlier);
  try {
    const folder = mkdtempSync(path.join(temporary, 'jetpack-'));
    const sockets = inFolder(folder);
    if (!fits(sockets)) {
      rmdirSync(folder);
      return fail('home_unusable', `${folder} is too long a path for a socket: set TMPDIR to a shorter one`);
    }
    writeDurably(paths.socketRecord, `${paths.socketRecord}.tmp`, `${folder}\n`, 0o640);
    return ok(sockets);
  } catch (error) {
    return fail('home_unusable', `a folder for the sockets cannot be made or recorded in ${paths.socketRecord} (${systemCode(error)})`);
  }
};

/** The paths a client may connect to. Fails with `daemon_unreachable` when a needed record is missing or not to be trusted. */
export const findSocketPaths = (paths: HomePaths): Result<SocketPaths> => {
  const inRun = inFolder(paths.run);
  if (fits(inRun)) return ok(inRun);
  const elsewhere = recorded(paths);
  return elsewhere === undefined ? fail('daemon_unreachable', `${paths.socketRecord} names no folder of sockets that can be trusted`) : ok(elsewhere);
};
