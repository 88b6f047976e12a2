import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemRandom } from '../effects/random.ts';
import { homePaths } from '../node/home/paths.ts';
import { prepareHome } from '../node/home/prepare.ts';
import { lockHome } from '../node/home/lock.ts';
import { nodeHome } from './plan.ts';
import { claimState, type ClaimedState } from './state.ts';

let outside: string;
let folder: string;

beforeEach(() => {
  outside = mkdtempSync(path.join(tmpdir(), 'box-state-'));
  folder = path.join(outside, 'made', 'box');
});
afterEach(() => rmSync(outside, { recursive: true }));

const claim = (fresh = false) => claimState(folder, fresh, systemRandom);

const claimed = (fresh = false): ClaimedState => {
  const state = claim(fresh);
  if (!state.ok) throw new Error(state.error.message);
  return state.value;
};

describe('the folder of a box', () => {
  test('is made, closed to all but its owner', () => {
    claimed().release();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect(statSync(path.join(folder, name)).mode & 0o077).toBe(0);
  });

  test('keeps its prefix on a broker from run to run, and gets another when it begins anew', () => {
    const { prefix, release } = claimed();
    release();
    expect(prefix).toMatch(/^jetpack-box-[0-9a-f]{8}$/);
    const second = claimed();
    expect(second.prefix).toBe(prefix);
    second.release();
    const third = claimed(true);
    expect(third.prefix).not.toBe(prefix);
    third.release();
  });

  test('with a spoilt prefix gets another', () => {
    claimed().release();
    writeFileSync(path.join(folder, 'prefix'), 'a b\n');
    const { prefix, release } = claimed();
    release();
    expect(prefix).toMatch(/^jetpack-box-[0-9a-f]{8}$/);
  });

  test('begun anew has lost what boxes make and nothing else', () => {
    claimed().release();
    for (const made of ['nodes/scheduler/run', 'server', 'logs', 'notes']) {
      mkdirSync(path.join(folder, made), { recursive: true });
      writeFileSync(path.join(folder, made, 'file'), '');
    }
    claimed(true).release();
    expect(readdirSync(folder).toSorted()).toEqual(['jetpack-box.lock', 'notes', 'prefix']);
    expect(existsSync(path.join(folder, 'notes', 'file'))).toBe(true);
  });

  test('begun anew follows no link out of it', () => {
    claimed().release();
    const precious = path.join(outside, 'precious');
    mkdirSync(precious);
    writeFileSync(path.join(precious, 'file'), '');
    symlinkSync(precious, path.join(folder, 'nodes'));
    claimed(true).release();
    expect(existsSync(path.join(precious, 'file'))).toBe(true);
  });
});

describe('a claim is refused, and nothing touched,', () => {
  test.each([false, true])('for a folder that holds other things (fresh: %s)', (fresh) => {
    mkdirSync(path.join(folder, 'nodes'), { recursive: true });
    expect(claim(fresh)).toEqual({
      ok: false,
      error: { code: 'usage', message: `${folder} holds other things than the state of a cluster in a box: give --state a new or an empty folder` },
    });
    expect(readdirSync(folder)).toEqual(['nodes']);
  });

  test('while another one holds it, and not after', () => {
    const first = claimed();
    expect(claim(true)).toMatchObject({ ok: false, error: { code: 'already_running', message: expect.stringContaining(`another cluster in a box runs in ${folder}`) } });
    first.release();
    claimed().release();
  });

  test('while a program of a run that was killed still serves a home in it', () => {
    claimed().release();
    const paths = homePaths(nodeHome(folder, 'execute-2'));
    prepareHome(paths);
    const served = lockHome(paths);
    expect(claim(true)).toMatchObject({ ok: false, error: { code: 'already_running', message: expect.stringContaining('have not ended yet') } });
    expect(existsSync(paths.lock)).toBe(true);
    if (served.ok) served.value.release();
    claimed(true).release();
    expect(existsSync(paths.lock)).toBe(false);
  });

  test('where there is no folder to be had', () => {
    writeFileSync(path.join(outside, 'made'), '');
    expect(claim()).toEqual({
      ok: false,
      error: { code: 'home_unusable', message: `${folder} cannot be used for the state (ENOTDIR): name another folder with --state` },
    });
  });
});
