// A lock between processes: a folder that holds one file, named for its holder's process id. It is made elsewhere and renamed
// into place, which the system does for one process at a time and only where nothing or an empty folder stands. So there is
// no instant at which a lock has no holder's name, and a dead holder's lock is taken over by deleting the file with
// its name: whoever comes second deletes nothing.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const take = (prepared, folder) => {
  try {
    renameSync(prepared, folder);
    return true;
  } catch (error) {
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
};

const holderOf = (folder) => {
  try {
    return readdirSync(folder)[0];
  } catch {
    return undefined;
  }
};

const release = (folder, name) => {
  rmSync(path.join(folder, name), { force: true });
  try {
    rmdirSync(folder);
  } catch {
    // The next holder has it already.
  }
};

/**
 * Runs `work` while no other process holds the lock `folder`. `waiting` is told each holder that is waited for.
 * @template T
 * @param {string} folder
 * @param {(pid: string) => void} waiting
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export const withLock = async (folder, waiting, work) => {
  mkdirSync(path.dirname(folder), { recursive: true });
  const name = String(process.pid);
  const prepared = mkdtempSync(`${folder}.`);
  writeFileSync(path.join(prepared, name), '');
  try {
    for (let told; !take(prepared, folder); ) {
      const holder = holderOf(folder);
      if (holder === undefined) continue;
      if (!isAlive(Number(holder))) rmSync(path.join(folder, holder), { force: true });
      else {
        if (holder !== told) waiting(holder);
        told = holder;
        await pause(200);
      }
    }
  } finally {
    rmSync(prepared, { recursive: true, force: true });
  }
  try {
    return await work();
  } finally {
    release(folder, name);
  }
};
