// The one version of all three programs, as the package says it.
import path from 'node:path';
import packageFile from '../package.json' with { type: 'json' };

export const version: string = packageFile.version;

/** The launchers of all three programs. */
export const binFolder: string = path.resolve(import.meta.dirname, '..', 'bin');
