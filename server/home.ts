// The server's home: one folder, private to its user and group, served by one process at a time.
import path from 'node:path';
import { makeFolder } from '../node/home/make-folder.ts';
import { systemCode } from '../node/home/system-error.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { lockFile, type FileLock } from '../storage/file-lock.ts';

/** Makes and claims the home until the lock is released or the process ends. Fails with `home_unusable` or `already_running`. */
export const openServerHome = (home: string): Result<FileLock> => {
  try {
    makeFolder(home, 0o750);
    const lock = lockFile(path.join(home, 'lock'));
    return lock === undefined ? fail('already_running', `another cycle-server serves ${home}`) : ok(lock);
  } catch (error) {
    return fail('home_unusable', `${home} cannot be used (${systemCode(error)}): name another with --home`);
  }
};
