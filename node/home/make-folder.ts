import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemCode } from './system-error.ts';

const isFolder = (folder: string): boolean => statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * Makes a folder and those above it that are missing, each with this mode less the umask. Throws what the system says. Level by level: Node's own
 * recursive way never ends where an existing folder answers ENOENT, as those of /proc do.
 */
export const makeFolder = (folder: string, mode = 0o777): void => {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (isFolder(folder)) return;
    const above = path.dirname(folder);
    if (systemCode(error) !== 'ENOENT' || above === folder || isFolder(above)) throw error;
    makeFolder(above, mode);
    mkdirSync(folder, { mode });
  }
};
