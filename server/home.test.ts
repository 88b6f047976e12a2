import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withUmask } from '../node/home/umask.ts';
import { openServerHome } from './home.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'server-home-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

test('a home is made closed to all others, whatever the umask', () => {
  const home = path.join(folder, 'deep', 'home');
  const opened = withUmask(0, () => openServerHome(home));
  expect([modeOf(home), modeOf(path.join(home, 'lock'))]).toEqual(['750', '600']);
  if (opened.ok) opened.value.release();
});

test('a home is served by one at a time, and is free again when it is let go', () => {
  const first = openServerHome(folder);
  expect(openServerHome(folder)).toEqual({ ok: false, error: { code: 'already_running', message: `another cycle-server serves ${folder}` } });
  if (first.ok) first.value.release();
  const second = openServerHome(folder);
  expect(second.ok).toBe(true);
  if (second.ok) second.value.release();
});

test('what cannot be a home is a failure that names it and what would help', () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  expect(openServerHome(path.join(file, 'home'))).toEqual({
    ok: false,
    error: { code: 'home_unusable', message: `${file}/home cannot be used (ENOTDIR): name another with --home` },
  });
});
