// Reading a file that should hold a configuration tree: bounded, and never an exception. The command line reads with it too,
// so it loads nothing that takes time to load.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isTree, parseExact, type ExactJson, type ExactTree } from '../../commands/exact-json.ts';
import { systemCode } from '../home/system-error.ts';

/** The names in a node's `config/`. */
type ConfigFileName = 'node' | 'lastGood' | 'seed' | 'properties' | 'users';

export const configFiles = (config: string): Readonly<Record<ConfigFileName, string>> => ({
  node: path.join(config, 'node.json'),
  lastGood: path.join(config, 'node.last-good.json'),
  seed: path.join(config, 'node.seed.json'),
  /** What `jetpack props` set. */
  properties: path.join(config, 'properties.json'),
  /** The cluster's users (reference, section 3). */
  users: path.join(config, 'auth.json'),
});

export const maxTreeBytes = 16 * 1024 * 1024;

interface Good {
  readonly type: 'good';
  readonly bytes: Buffer;
  readonly mode: number;
}

export type TreeFile = (Good & { readonly tree: ExactTree }) | NoFile;

export type JsonFile = (Good & { readonly json: ExactJson }) | NoFile;

type NoFile =
  | { readonly type: 'missing' }
  /** Its permissions, or those of a folder on the way, do not let this user read it. */
  | { readonly type: 'forbidden' }
  /** `reason` completes "it …". */
  | { readonly type: 'damaged'; readonly reason: string };

const damaged = (reason: string): NoFile => ({ type: 'damaged', reason });

const readOpen = (descriptor: number): JsonFile => {
  const status = fstatSync(descriptor);
  if (!status.isFile()) return damaged('is not a regular file');
  if (status.size > maxTreeBytes) return damaged(`has ${status.size} bytes: at most ${maxTreeBytes} are allowed`);
  const bytes = readFileSync(descriptor);
  const json = parseExact(bytes);
  return json.ok ? { type: 'good', bytes, json: json.value, mode: status.mode & 0o7777 } : damaged(json.error);
};

export const readTreeFile = (file: string): TreeFile => {
  const found = readJsonFile(file);
  if (found.type !== 'good') return found;
  const { json, ...good } = found;
  return isTree(json) ? { ...good, tree: json } : damaged('is not a JSON object');
};

export const readJsonFile = (file: string): JsonFile => {
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
