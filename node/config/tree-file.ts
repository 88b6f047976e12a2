// Reading a file that should hold a configuration tree: bounded, and never an exception. The command line reads with it too,
// so it loads nothing that takes time to load.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseExactTree, type ExactTree } from '../../commands/exact-json.ts';
import { systemCode } from '../home/system-error.ts';

/** The names in a node's `config/`. */
export const configFiles = (config: string): { readonly node: string; readonly lastGood: string; readonly seed: string } => ({
  node: path.join(config, 'node.json'),
  lastGood: path.join(config, 'node.last-good.json'),
  seed: path.join(config, 'node.seed.json'),
});

export const maxTreeBytes = 16 * 1024 * 1024;

export type TreeFile =
  | { readonly type: 'good'; readonly bytes: Buffer; readonly tree: ExactTree; readonly mode: number }
  | { readonly type: 'missing' }
  /** Its permissions, or those of a folder on the way, do not let this user read it. */
  | { readonly type: 'forbidden' }
  /** `reason` completes "it …". */
  | { readonly type: 'damaged'; readonly reason: string };

const damaged = (reason: string): TreeFile => ({ type: 'damaged', reason });

const readOpen = (descriptor: number): TreeFile => {
  const status = fstatSync(descriptor);
  if (!status.isFile()) return damaged('is not a regular file');
  if (status.size > maxTreeBytes) return damaged(`has ${status.size} bytes: at most ${maxTreeBytes} are allowed`);
  const bytes = readFileSync(descriptor);
  const tree = parseExactTree(bytes);
  return tree.ok ? { type: 'good', bytes, tree: tree.value, mode: status.mode & 0o7777 } : damaged(tree.error);
};

export const readTreeFile = (file: string): TreeFile => {
  let descriptor: number | undefined;
  try {
    // Without waiting: a pipe in its place has no end.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    return readOpen(descriptor);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return { type: 'missing' };
    return code === 'EACCES' || code === 'EPERM' ? { type: 'forbidden' } : damaged(`cannot be read (${code})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};
