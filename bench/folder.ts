import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Runs in a folder on the disk that the state of a cluster in a box lies on (a temporary one may lie in memory), and removes it. */
export const inFolder = async <T>(run: (folder: string) => Promise<T>): Promise<T> => {
  const state = path.join(import.meta.dirname, '..', '.state');
  mkdirSync(state, { recursive: true });
  const folder = mkdtempSync(path.join(state, 'bench-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
