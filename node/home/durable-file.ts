// Files that are there whole or not at all, also after a power cut.
import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withUmask } from './umask.ts';

/** Makes the names in a folder durable: a new, renamed or removed file survives a power cut only after this. */
const syncFolder = (folder: string): void => {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/**
 * Writes `file` by way of `beside`, a name in the same folder that no one else uses: written, synced, renamed, and the
 * folder synced. Made anew and never through a link, with exactly this mode. Throws what the file system says, and then
 * leaves nothing behind.
 */
export const writeDurably = (file: string, beside: string, text: string, mode: number): void => {
  rmSync(beside, { force: true });
  const descriptor = withUmask(0, () => openSync(beside, 'wx', mode));
  try {
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncFolder(path.dirname(file));
};
