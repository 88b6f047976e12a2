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

/**
 * Without a C library (bare.h), and as few pages as it can be: each that is touched costs as much as fifty calls of the system. What a
 * distribution's compiler adds of its own (position independence, guards of the stack) needs a library to start with.
 */
const options = ['-O2', '-s', '-ffreestanding', '-fno-pie', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'];
const links = ['-static', '-no-pie', '-nostdlib', '-Wl,-z,noseparate-code', '-Wl,--build-id=none'];

/** What the system does to a program that cannot begin. It finds no daemon, and then its Node form or none: either is a good end. */
const isKilled = async (program: string): Promise<boolean> => {
  try {
    await promisify(execFile)(program, ['--version'], { env: { JETPACK_HOME: '/nonexistent' } });
    return false;
  } catch (error) {
    return typeof error === 'object' && error !== null && !('code' in error && typeof error.code === 'number');
  }
};

const reasonOf = (error: unknown): string => {
  const told = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
  const [first = ''] = told.split('\n');
  return first === '' ? 'the compiler failed, and does not say why' : first;
};

/** In place of what is at `to` once it is whole: until then, and when it cannot be made, that stays. */
export const compileFront = async (to: string, compiler = 'cc'): Promise<Compiled> => {
  const beside = `${to}.${process.pid}.new`;
  try {
    await promisify(execFile)(compiler, [...options, ...links, '-o', beside, path.join(import.meta.dirname, 'jetpack.c')]);
    if (await isKilled(beside)) return { type: 'failed', reason: 'what the compiler made does not run' };
    await rename(beside, to);
    return { type: 'compiled' };
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? { type: 'no compiler' } : { type: 'failed', reason: reasonOf(error) };
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
