// The command line as it is installed, made by the program that makes it.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

let folder: string;
let home: string;

const build = (...args: readonly string[]) => spawnSync(process.execPath, [path.join(import.meta.dirname, 'main.ts'), ...args], { encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'built-'));
  home = path.join(folder, 'home');
  mkdirSync(path.join(home, 'config'), { recursive: true });
  writeFileSync(path.join(home, 'config', 'node.json'), '{"a": {"b": true}}');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('both programs of the folder that it made answer from files, with no daemon and none of the sources', () => {
  const { status, stderr } = build(path.join(folder, 'made'));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const name of ['jetpack', 'jetpack-node']) {
    const program = path.join(folder, 'made', 'bin', name);
    const ran = spawnSync(program, ['config', 'a.b'], { encoding: 'utf8', cwd: '/', env: { PATH: '/usr/bin:/bin', JETPACK_HOME: home } });
    expect({ status: ran.status, out: ran.stdout, err: ran.stderr }).toEqual({ status: 0, out: 'True\n', err: '' });
  }
});

test('without a folder it says how it is used', () => {
  expect(build()).toMatchObject({ status: 2, stderr: 'usage: npm run build -- DIR\n' });
});
