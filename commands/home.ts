// Which node a command line is about.
import path from 'node:path';
import type { Environment } from './host.ts';

const standardHome = '/opt/cycle/jetpack';

/** The home as an absolute path: the option, else `JETPACK_HOME`, else `CYCLECLOUD_HOME`, else the standard place. Empty counts as unset. */
export const resolveHome = (option: string | undefined, env: Environment, cwd = process.cwd()): string =>
  path.resolve(cwd, [option, env['JETPACK_HOME'], env['CYCLECLOUD_HOME']].find((text) => text !== undefined && text !== '') ?? standardHome);
