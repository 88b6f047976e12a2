// Which process has a home's lock, by the kernel's own list: no process id is stored anywhere, so none that is used again is taken
// for a daemon. Where there is no such list, or the holder runs in another container, nobody knows.
import { readFileSync, statSync } from 'node:fs';

/** Where SQLite locks a file for writing: from the pending byte on, or from the shared range that follows it and the reserved byte. */
const sqliteRange = /^107374182[46]$/;

/** As the kernel writes a device: `fe:00`. */
const deviceOf = (dev: number): string => {
  const [low, high] = [dev % 2 ** 32, Math.floor(dev / 2 ** 32)];
  const major = ((low >>> 8) & 0xfff) + (high & ~0xfff);
  const minor = (low & 0xff) + ((low >>> 12) & ~0xff);
  return [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':');
};

/** Of a line such as `1: POSIX  ADVISORY  WRITE 8333 fe:00:4243702 1073741824 1073742335`. */
const writeLock = /^\d+: POSIX +ADVISORY +WRITE +(\d+) +([0-9a-f]+:[0-9a-f]+):(\d+) +(\d+) /;

/** The process that `locks`, a text as that of /proc/locks, names as the holder of a file. */
export const holderIn = (locks: string, { dev, ino }: { readonly dev: number; readonly ino: number }): number | undefined => {
  const found = locks.split('\n').flatMap((line) => {
    const [, pid, device, inode, from] = writeLock.exec(line) ?? [];
    return Number(inode) === ino && sqliteRange.test(from ?? '') && Number(pid) > 0 ? [{ pid: Number(pid), device }] : [];
  });
  // Over an overlay the kernel names another device than the file has.
  const same = found.filter(({ device }) => device === deviceOf(dev));
  const pids = new Set((same.length > 0 ? same : found).map(({ pid }) => pid));
  return pids.size === 1 ? [...pids][0] : undefined;
};

/** Never opens the file at `path`: that would cost its holder the lock if it were this process. */
export const lockHolder = (path: string, locks = '/proc/locks'): number | undefined => {
  try {
    return holderIn(readFileSync(locks, 'utf8'), statSync(path));
  } catch {
    return undefined;
  }
};
