// Makes the front from its source, where a C compiler is at hand.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemCode } from '../../node/home/system-error.ts';

export type Compiled = { readonly type: 'compiled' } | { readonly type: 'no compiler' } | { readonly type: 'failed'; readonly output: string };

/** The whole program: nothing of it is looked for when it starts. */
const options = ['-O2', '-Wall', '-Wextra', '-Werror', '-static', '-s'];

export const compileFront = async (to: string, compiler = 'cc'): Promise<Compiled> => {
  try {
    await promisify(execFile)(compiler, [...options, '-o', to, path.join(import.meta.dirname, 'jetpack.c')]);
    return { type: 'compiled' };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { type: 'no compiler' };
    return { type: 'failed', output: error instanceof Error ? error.message : String(error) };
  }
};

export const hasCompiler = async (compiler = 'cc'): Promise<boolean> => {
  try {
    await promisify(execFile)(compiler, ['--version']);
    return true;
  } catch {
    return false;
  }
};
