import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeFolder } from './make-folder.ts';
import { withUmask } from './umask.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'make-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('every missing folder is made, with the mode', () => {
  const deep = path.join(folder, 'a', 'b', 'c');
  withUmask(0, () => makeFolder(deep, 0o750));
  expect([deep, path.dirname(deep), path.join(folder, 'a')].map((each) => (statSync(each).mode & 0o777).toString(8))).toEqual(['750', '750', '750']);
});

test('one that is there stays as it is', () => {
  makeFolder(folder, 0o700);
  expect(() => makeFolder(folder, 0o777)).not.toThrow();
  expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
});

test('a file in the way is an error', () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(file)).toThrow('EEXIST');
  expect(() => makeFolder(path.join(file, 'below'))).toThrow('ENOTDIR');
});

test('a folder that takes none is an error, and no endless loop', () => {
  expect(() => makeFolder('/proc/none')).toThrow('ENOENT');
  expect(() => makeFolder('/proc/none/below')).toThrow('ENOENT');
});
