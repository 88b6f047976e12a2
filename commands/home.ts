// Which node a command line is about.
import path from 'node:path';
import { fail, ok, type Result } from '../protocol/result.ts';
import type { Environment } from './host.ts';

const standardHome = '/opt/cycle/jetpack';

/** The option, else `JETPACK_HOME`, else `CYCLECLOUD_HOME`, else the standard place. Empty counts as unset. */
export const namedHome = (option: string | undefined, env: Environment): string =>
  [option, env['JETPACK_HOME'], env['CYCLECLOUD_HOME']].find((text) => text !== undefined && text !== '') ?? standardHome;

/** The same as an absolute path. */
export const resolveHome = (option: string | undefined, env: Environment): string => path.resolve(namedHome(option, env));

/** A path as an absolute one. `cwd` is undefined when the working folder is gone: then `usage`, of a path that starts from it. */
export const absolutePath = (to: string, cwd: string | undefined): Result<string> => {
  if (path.isAbsolute(to)) return ok(path.resolve(to));
  return cwd === undefined ? fail('usage', `'${to}' starts from the working folder, which is gone`) : ok(path.resolve(cwd, to));
};
