import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ReadConfig } from '../../commands/host.ts';
import type { Result } from '../../protocol/result.ts';
import { readConfigTree } from './read-tree.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'jetpack-config-'));
  chmodSync(home, 0o755);
  mkdirSync(path.join(home, 'config'));
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

const at = (name: string): string => path.join(home, 'config', name);
const node = (): string => at('node.json');
const lastGood = (): string => at('node.last-good.json');

/** Reads as a user who is neither root nor in the file's group. */
const readAsStranger = (): Result<ReadConfig> => {
  if (process.geteuid?.() !== 0) return readConfigTree(home);
  process.setegid?.(65_534);
  process.seteuid?.(65_534);
  try {
    return readConfigTree(home);
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
};

test('a sound node.json answers by itself, numbers as they are written', () => {
  writeFileSync(node(), '{"a": 1.0}');
  writeFileSync(lastGood(), '{"a": "older"}');
  const read = readConfigTree(home);
  expect(read).toEqual({ ok: true, value: { tree: expect.anything() } });
  expect(read.ok && JSON.stringify(read.value.tree)).toBe('{"a":1.0}');
});

test.each([
  ['truncated', () => writeFileSync(node(), '{"a": '), 'is not JSON'],
  ['not UTF-8', () => writeFileSync(node(), Buffer.from([0x7b, 0xff, 0x7d])), 'is not valid UTF-8'],
  ['200 MB long', () => (writeFileSync(node(), ''), truncateSync(node(), 200_000_000)), 'has 200000000 bytes: at most 16777216 are allowed'],
  ['a folder', () => mkdirSync(node()), 'is not a regular file'],
  ['missing', () => undefined, 'does not exist'],
])('a node.json that is %s: the last good one answers, with a line that says so', (_what, damage, reason) => {
  damage();
  writeFileSync(lastGood(), '{"a": "older"}');
  expect(readConfigTree(home)).toEqual({ ok: true, value: { tree: { a: 'older' }, warning: `${node()} ${reason}: this is from ${lastGood()}` } });
});

test('neither: one line names what is wrong with both', () => {
  writeFileSync(node(), '{');
  expect(readConfigTree(home)).toEqual({ ok: false, error: { code: 'config_damaged', message: `${node()} is not JSON, and there is no earlier good one` } });
  writeFileSync(lastGood(), '');
  expect(readConfigTree(home)).toEqual({ ok: false, error: { code: 'config_damaged', message: `${node()} is not JSON, and ${lastGood()} is empty` } });
  rmSync(node());
  expect(readConfigTree(home)).toMatchObject({ ok: false, error: { code: 'config_damaged' } });
});

test('a home without one says who writes it', () => {
  expect(readConfigTree(home)).toEqual({ ok: false, error: { code: 'file_unreadable', message: `${node()} does not exist: jetpackd writes it when it first starts` } });
  expect(readConfigTree(path.join(home, 'nowhere'))).toMatchObject({ ok: false, error: { code: 'file_unreadable' } });
});

test.each([
  ['the file', () => chmodSync(node(), 0o000)],
  ['its folder', () => chmodSync(path.dirname(node()), 0o000)],
])('a user who may not read %s is told who may', (_what, forbid) => {
  writeFileSync(node(), '{}');
  writeFileSync(lastGood(), '{}');
  forbid();
  const read = readAsStranger();
  chmodSync(path.dirname(node()), 0o755);
  expect(read).toEqual({ ok: false, error: { code: 'file_unreadable', message: `${node()} may be read by root and the group cyclecloud only` } });
});
