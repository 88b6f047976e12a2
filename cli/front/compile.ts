// Makes the front from its source, where a C compiler is at hand.
import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemCode } from '../../node/home/system-error.ts';

export type Compiled =
  | { readonly type: 'compiled' }
  | { readonly type: 'no compiler' }
  /** `reason`: what the compiler says first, one line. */
  | { readonly type: 'failed'; readonly reason: string };

const options = ['-O2', '-s'];

/** The whole program, of which nothing is looked for when it starts; else, where no such library is installed, with the one that is. */
const links = [['-static'], []] as const;

const reasonOf = (error: unknown): string => {
  const told = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
  const [first = ''] = told.split('\n');
  return first === '' ? 'the compiler failed, and does not say why' : first;
};

/** In place of what is at `to` once it is whole: until then, and when it cannot be made, that stays. */
export const compileFront = async (to: string, compiler = 'cc'): Promise<Compiled> => {
  const beside = `${to}.${process.pid}.new`;
  let reason = '';
  try {
    for (const link of links) {
      try {
        await promisify(execFile)(compiler, [...options, ...link, '-o', beside, path.join(import.meta.dirname, 'jetpack.c')]);
        await rename(beside, to);
        return { type: 'compiled' };
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return { type: 'no compiler' };
        reason = reasonOf(error);
      }
    }
    return { type: 'failed', reason };
  } finally {
    await rm(beside, { force: true });
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
