import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../effects/clock.ts';
import { KeptTree } from './kept-tree.ts';

let home: string;
let kept: KeptTree;
let now: () => number;

const file = (): string => path.join(home, 'config', 'node.json');

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'kept-'));
  mkdirSync(path.join(home, 'config'));
  now = () => systemClock.now() + 60_000;
  kept = new KeptTree(home, { now: () => now() });
  writeFileSync(file(), '{"a": 1}');
});

afterEach(() => rmSync(home, { recursive: true }));

const tree = () => {
  const read = kept.read();
  if (!read.ok) throw new Error(read.error.message);
  return read.value.tree;
};

test('a file that did not change is not read again', () => {
  expect(tree()).toBe(tree());
});

test.each<[string, () => void]>([
  ['replaced', () => (writeFileSync(`${file()}.tmp`, '{"a": 2}'), renameSync(`${file()}.tmp`, file()))],
  ['written over in place, its time put back', () => {
    const { atime, mtime } = statSync(file());
    writeFileSync(file(), '{"a": 2}');
    utimesSync(file(), atime, mtime);
  }],
])('a file that was %s is read anew', (_how, change) => {
  tree();
  change();
  expect(JSON.stringify(tree())).toBe('{"a":2}');
});

test('a file that is gone, or damaged, is not answered from what it held', () => {
  tree();
  unlinkSync(file());
  expect(kept.read()).toMatchObject({ ok: false, error: { code: 'file_unreadable' } });
  writeFileSync(file(), '{"a":');
  expect(kept.read()).toMatchObject({ ok: false, error: { code: 'config_damaged' } });
});

test('an earlier good copy is not kept in place of a damaged file', () => {
  writeFileSync(file(), '{');
  writeFileSync(path.join(home, 'config', 'node.last-good.json'), '{"a": "old"}');
  expect(kept.read()).toMatchObject({ ok: true, value: { tree: { a: 'old' }, warning: expect.stringContaining('is not JSON') } });
  writeFileSync(path.join(home, 'config', 'node.last-good.json'), '{"a": "older"}');
  expect(kept.read()).toMatchObject({ ok: true, value: { tree: { a: 'older' } } });
});

test('a file written so lately that a second write may bear the same time is not kept', () => {
  now = () => statSync(file()).ctimeMs + 999;
  expect(tree()).not.toBe(tree());
});
