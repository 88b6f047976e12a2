import { fail, ok, type Result } from '../../protocol/result.ts';
import { lockFile, type FileLock } from '../../storage/file-lock.ts';
import type { HomePaths } from './paths.ts';
import { systemCode } from './system-error.ts';

/**
 * Claims the home for this process until it releases the lock or ends. The folders of the home exist. Fails with
 * `already_running`, or with `home_unusable` when `run/` cannot hold the lock.
 */
export const lockHome = (paths: HomePaths): Result<FileLock> => {
  try {
    const lock = lockFile(paths.lock);
    return lock === undefined ? fail('already_running', `another jetpackd serves ${paths.home}`) : ok(lock);
  } catch (error) {
    return fail('home_unusable', `${paths.lock} cannot be locked (${systemCode(error)})`);
  }
};
