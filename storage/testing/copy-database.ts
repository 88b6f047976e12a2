import { copyFileSync, existsSync } from 'node:fs';

/** Copies a database as its files are now, log included: what a killed process leaves behind, or a backup takes. */
export const copyDatabase = (from: string, to: string): void => {
  for (const suffix of ['', '-wal']) {
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
};
