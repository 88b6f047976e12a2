import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '../../effects/manual-clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { ok } from '../../protocol/result.ts';
import { NodeConfigFile } from './config-file.ts';

const identity = { cluster: 'lab', node: 'n1', instanceId: 'i-1', hostname: 'n1.lab', version: '1.2.3', executable: '/bin/jetpack', home: '/home' };

let folder: string;
let file: NodeConfigFile;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'jetpack-properties-'));
  file = new NodeConfigFile({ config: folder, identity, clock: new ManualClock(), logger: silentLogger });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (): string => path.join(folder, 'properties.json');

test('holds what was set, for owner and group alone', () => {
  expect(file.writeProperties({ rack: { name: 'r7' } })).toEqual(ok(undefined));
  expect(JSON.parse(readFileSync(at(), 'utf8'))).toEqual({ rack: { name: 'r7' } });
  expect(lstatSync(at()).mode & 0o777).toBe(0o640);
});

test('is not there where nothing was ever set, and is empty where nothing is any more', () => {
  expect(file.writeProperties({})).toEqual(ok(undefined));
  expect(existsSync(at())).toBe(false);
  file.writeProperties({ a: '1' });
  expect(file.writeProperties({})).toEqual(ok(undefined));
  expect(readFileSync(at(), 'utf8')).toBe('{}\n');
});

test.each([
  ['of somebody else', '{"a": "theirs"}'],
  ['damaged', '{'],
])('that is %s is written anew', (_what, content) => {
  writeFileSync(at(), content);
  expect(file.writeProperties({ a: '1' })).toEqual(ok(undefined));
  expect(JSON.parse(readFileSync(at(), 'utf8'))).toEqual({ a: '1' });
});

test('is written only when it is different, or when others may read it', () => {
  file.writeProperties({ a: '1' });
  const before = lstatSync(at()).ino;
  file.writeProperties({ a: '1' });
  expect(lstatSync(at()).ino).toBe(before);
  chmodSync(at(), 0o644);
  file.writeProperties({ a: '1' });
  expect(lstatSync(at()).mode & 0o777).toBe(0o640);
});

test('that cannot be written is one coded answer', () => {
  mkdirSync(at());
  expect(file.writeProperties({ a: '1' })).toMatchObject({ ok: false, error: { code: 'home_unusable', message: `${at()} cannot be written (EISDIR)` } });
});
