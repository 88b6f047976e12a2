// The folder that a cluster in a box keeps its state in, claimed for one run.
//
// States: `free` → `claimed` (its lock is held) → `free` again when it is released or the process has ended. The lock's file
// is also the mark by which a folder is known as a box's: from one without it, nothing is ever read, written or deleted,
// unless it is empty. `--fresh` deletes what a box made, by name, and nothing else.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../node/home/make-folder.ts';
import type { Random } from '../effects/random.ts';
import { homePaths } from '../node/home/paths.ts';
import { systemCode } from '../node/home/system-error.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { lockFile, type FileLock } from '../storage/file-lock.ts';
import { logFolder, nodeHome, nodeNames, serverHome } from './plan.ts';

const mark = 'jetpack-box.lock';

export interface ClaimedState {
  /**
   * In front of every name on a broker: its own for each folder and each fresh start, so that a box meets neither what
   * another one keeps on the same broker nor what it has itself forgotten.
   */
  readonly prefix: string;
  readonly release: () => void;
}

/** A program of a run that was killed holds its home until it has ended. */
const isServed = (lock: string): boolean => {
  if (!existsSync(lock)) return false;
  const held = lockFile(lock);
  held?.release();
  return held === undefined;
};

const locks = (folder: string): readonly string[] => [
  path.join(serverHome(folder), 'lock'),
  ...nodeNames.map((node) => homePaths(nodeHome(folder, node)).lock),
];

const prefixFile = (folder: string): string => path.join(folder, 'prefix');

const forget = (folder: string): void => {
  for (const made of [path.join(folder, 'nodes'), path.join(folder, 'locker'), serverHome(folder), logFolder(folder), prefixFile(folder)]) {
    rmSync(made, { recursive: true, force: true });
  }
};

const readPrefix = (folder: string, random: Random): string => {
  const file = prefixFile(folder);
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (/^jetpack-box-[0-9a-f]{8}$/.test(kept)) return kept;
  const minted = `jetpack-box-${Buffer.from(random.bytes(4)).toString('hex')}`;
  writeFileSync(file, `${minted}\n`, { mode: 0o600 });
  return minted;
};

const lockFolder = (folder: string): Result<FileLock> => {
  makeFolder(folder, 0o700);
  const present = readdirSync(folder);
  if (present.length > 0 && !present.includes(mark)) {
    return fail('usage', `${folder} holds other things than the state of a cluster in a box: give --state a new or an empty folder`);
  }
  const lock = lockFile(path.join(folder, mark));
  return lock === undefined
    ? fail('already_running', `another cluster in a box runs in ${folder}: end it, or give this one a folder of its own with --state`)
    : ok(lock);
};

/** Fails with `usage`, `already_running` or `home_unusable`. */
export const claimState = (folder: string, fresh: boolean, random: Random): Result<ClaimedState> => {
  try {
    const lock = lockFolder(folder);
    if (!lock.ok) return lock;
    if (locks(folder).some(isServed)) {
      lock.value.release();
      return fail('already_running', `programs of an earlier run in ${folder} have not ended yet: try again in a few seconds`);
    }
    if (fresh) forget(folder);
    return ok({ prefix: readPrefix(folder, random), release: () => lock.value.release() });
  } catch (error) {
    return fail('home_unusable', `${folder} cannot be used for the state (${systemCode(error)}): name another folder with --state`);
  }
};
