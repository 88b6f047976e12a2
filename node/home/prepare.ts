// Makes the folders of a home, each private from its first instant.
import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import path from 'node:path';
import { makeFolder as makeAll } from './make-folder.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import type { HomePaths } from './paths.ts';
import { systemCode } from './system-error.ts';
import { withUmask } from './umask.ts';

const forOwnerAndGroup = 0o750;

/** Any cluster user may add a file (group write), none may take away another's (sticky). */
const dropBox = 0o1770;

const writableByAll = 0o002;
const writableByGroup = 0o020;
const sticky = 0o1000;

const statusOf = (folder: string): Result<Stats> => {
  try {
    return ok(lstatSync(folder));
  } catch (error) {
    const code = systemCode(error);
    return fail('home_unusable', code === 'ENOENT' ? `${folder} does not exist` : `${folder} cannot be looked at (${code})`);
  }
};

/** A folder that exists keeps its mode and owner; a new one in a setgid folder takes that folder's group. */
const makeFolder = (folder: string, mode: number): Result<void> => {
  try {
    withUmask(0, () => mkdirSync(folder, { mode }));
    return ok(undefined);
  } catch (error) {
    const code = systemCode(error);
    // Which says nothing of whether it is there.
    if (code === 'EACCES') return fail('home_unusable', `${folder} may not be used by this user`);
    if (code !== 'EEXIST') return fail('home_unusable', `${folder} cannot be made (${code})`);
  }
  const status = statusOf(folder);
  if (!status.ok) return status;
  if (!status.value.isDirectory()) return fail('home_unusable', `${folder} is not a folder`);
  // Whoever may write in a folder of ours could put a socket or a record of their own there.
  if ((status.value.mode & writableByAll) !== 0) return fail('home_unusable', `${folder} is writable by everyone: chmod o-w takes that away`);
  return ok(undefined);
};

const makeFolders = (folders: ReadonlyArray<readonly [folder: string, mode: number]>): Result<void> => {
  for (const [folder, mode] of folders) {
    const made = makeFolder(folder, mode);
    if (!made.ok) return made;
  }
  return ok(undefined);
};

/**
 * Makes `run/` and the spool in it where they are missing. The home itself must exist: a mistyped one would take messages
 * that no daemon ever reads. Fails with `home_unusable`.
 */
export const prepareSpool = (paths: HomePaths): Result<void> => {
  const home = statusOf(paths.home);
  if (!home.ok) return fail('home_unusable', `the home folder ${home.error.message}: name another with --home or JETPACK_HOME`);
  return makeFolders([
    [paths.run, forOwnerAndGroup],
    [paths.spool, dropBox],
    [paths.rejected, forOwnerAndGroup],
  ]);
};

/**
 * A daemon moves files about in these folders, and may be root: whoever could replace one of them by a link could have a
 * file of theirs put anywhere.
 */
const refuseForeign = (folder: string): Result<void> => {
  const status = statusOf(folder);
  if (!status.ok) return status;
  const { uid, mode } = status.value;
  if (uid !== 0 && uid !== process.geteuid?.()) return fail('home_unusable', `${folder} belongs to another user: chown it to the daemon's`);
  if ((mode & writableByGroup) !== 0 && (mode & sticky) === 0) return fail('home_unusable', `${folder} lets its group replace what others put there: chmod +t forbids that`);
  return ok(undefined);
};

/** Makes the home and every folder a daemon needs in it, and trusts none that others could tamper with. Fails with `home_unusable`. */
export const prepareHome = (paths: HomePaths): Result<void> => {
  try {
    withUmask(0o027, () => makeAll(paths.home));
  } catch (error) {
    return fail('home_unusable', `${paths.home} cannot be made (${systemCode(error)})`);
  }
  const spool = prepareSpool(paths);
  if (!spool.ok) return spool;
  for (const folder of [paths.run, paths.spool, paths.rejected]) {
    const ours = refuseForeign(folder);
    if (!ours.ok) return ours;
  }
  return makeFolders([
    [paths.logs, forOwnerAndGroup],
    [paths.config, forOwnerAndGroup],
    [paths.healthChecks, forOwnerAndGroup],
    [paths.clusterInit, forOwnerAndGroup],
    [paths.clusterInitLogs, forOwnerAndGroup],
    [path.dirname(paths.scratch), forOwnerAndGroup],
    [paths.bootstrap, forOwnerAndGroup],
    [path.dirname(paths.chefState), forOwnerAndGroup],
    [paths.chefState, forOwnerAndGroup],
    [paths.scratch, forOwnerAndGroup],
  ]);
};
