import { existsSync, renameSync } from 'node:fs';

/** A file that could not be used and now lies beside its old place, untouched, for a person to look into. */
export interface SetAside {
  readonly path: string;
  /** One clause for a person: what is wrong with it. */
  readonly reason: string;
}

/** What SQLite keeps beside a database. They follow it under matching names, so that the set can still be opened. */
const companions = ['-wal', '-shm'] as const;

/** A free name for what is set aside, beside its old place, with the time in it. */
export const asideName = (path: string, at: number): string => {
  const base = `${path}.aside-${new Date(at).toISOString().replaceAll(/[:.]/g, '-')}`;
  let name = base;
  for (let attempt = 2; existsSync(name); attempt += 1) name = `${base}-${attempt}`;
  return name;
};

/**
 * Moves a database out of the way under a name with the time. The database goes first: should the power fail in between,
 * a log without its database is discarded by SQLite, whereas a database without its log would pass for an older one.
 * Throws file system errors.
 */
export const setAside = (path: string, reason: string, at: number): SetAside => {
  const aside = asideName(path, at);
  renameSync(path, aside);
  for (const suffix of companions) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return { path: aside, reason };
};
