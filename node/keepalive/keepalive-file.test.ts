import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createKeepaliveFile } from './keepalive-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'keepalive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = (): string => readFileSync(path.join(folder, 'node.keepalive'), 'utf8');

test('a keepalive is shown as the second it ends in and its reason, for the daemon and its group', async () => {
  const file = createKeepaliveFile(folder);
  expect(await file.write({ holds: true, expiresAt: 1_800_000_000_001, remainingMs: 5, reason: 'a look' })).toEqual({ ok: true, value: undefined });
  expect(content()).toBe('1800000001\na look\n');
  expect(statSync(path.join(folder, 'node.keepalive')).mode & 0o777).toBe(0o640);
});

test('one without an end is later than any time a script may compare it with', async () => {
  const file = createKeepaliveFile(folder);
  await file.write({ holds: true });
  expect(content()).toBe('253402300799\n\n');
  expect(new Date(Number(content().split('\n')[0]) * 1_000).toISOString()).toBe('9999-12-31T23:59:59.000Z');
});

test('the next one replaces it whole, and none leaves no file', async () => {
  const file = createKeepaliveFile(folder);
  await file.write({ holds: true, expiresAt: 2_000, reason: 'a very long reason' });
  await file.write({ holds: true, expiresAt: 3_000 });
  expect(content()).toBe('3\n\n');
  expect(readdirSync(folder)).toEqual(['node.keepalive']);
  expect(await file.remove()).toEqual({ ok: true, value: undefined });
  expect(await file.remove()).toEqual({ ok: true, value: undefined });
  expect(readdirSync(folder)).toEqual([]);
});

test('what stands in its place is told, not thrown', async () => {
  mkdirSync(path.join(folder, 'node.keepalive'));
  const file = createKeepaliveFile(folder);
  const failure = { ok: false, error: { code: 'state_unwritable', message: expect.stringContaining(`${folder}/node.keepalive cannot be written (`) } };
  expect(await file.write({ holds: true })).toEqual(failure);
  expect(await file.remove()).toEqual(failure);
});
