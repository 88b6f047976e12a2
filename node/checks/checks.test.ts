import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CheckScript, Checks } from '../../actors/node/health/checks.ts';
import { systemClock } from '../../effects/clock.ts';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { createScriptRunner } from '../scripts/run-script.ts';
import { findProcesses } from '../scripts/processes.ts';
import { createChecks } from './checks.ts';
import { refusalOf } from './refusal.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'checks-'));
  mkdirSync(path.join(home, 'config', 'healthcheck.d'), { recursive: true, mode: 0o750 });
});
afterEach(() => rmSync(home, { recursive: true }));

const { logger } = recordLog();
const checksOf = (timeoutMs = 20_000): Checks =>
  createChecks({
    home,
    binFolder: '/opt/jetpack/bin',
    searchPath: process.env['PATH'],
    runner: createScriptRunner({ clock: systemClock, logger, env: process.env, graceMs: 200 }),
    logger,
    timeoutMs,
  });

const folder = (): string => path.join(home, 'config', 'healthcheck.d');

const put = (name: string, body = 'exit 0', mode = 0o755): string => {
  const file = path.join(folder(), name);
  writeFileSync(file, `#!/bin/bash\n${body}\n`);
  chmodSync(file, mode);
  return file;
};

const listed = async (): Promise<readonly CheckScript[]> => {
  const result = await checksOf().list();
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

const scratch = (): readonly string[] => readdirSync(path.join(home, 'system', 'scratch'));

const theOne = async (): Promise<CheckScript> => {
  const [check] = await listed();
  if (check === undefined) throw new Error('there is no check');
  return check;
};

describe('which files are checks', () => {
  test('what can be executed, and scripts in bash and Python; nothing hidden, set aside or written for people', async () => {
    for (const name of ['gpu', 'disk space; rm -rf $HOME']) put(name);
    for (const name of ['net.sh', 'mem.py']) put(name, 'exit 0', 0o644);
    for (const name of ['.hidden', 'a.sh~', 'a.sh.bak', 'a.disabled', 'README.md', 'a.txt', 'a.json']) put(name);
    put('data', 'no script', 0o644);
    mkdirSync(path.join(folder(), 'folder.sh'));
    const found = new Map((await listed()).map(({ name, refusal }) => [name, refusal]));
    expect(found).toEqual(new Map(['disk space; rm -rf $HOME', 'gpu', 'mem.py', 'net.sh'].map((name) => [name, undefined])));
  });

  test('without the folder there are none; a folder that cannot be read is told, and does not pass for an empty one', async () => {
    rmSync(folder(), { recursive: true });
    expect(await listed()).toEqual([]);
    writeFileSync(folder(), '');
    expect(await checksOf().list()).toEqual({ ok: false, error: { code: 'file_unreadable', message: `${folder()} cannot be read (ENOTDIR)` } });
  });

  test('one that everyone may write to is refused', async () => {
    put('a', 'exit 0', 0o757);
    expect((await theOne()).refusal).toBe('is writable by everyone: chmod o-w takes that away');
  });

  test('one in a folder that everyone may write to is refused', async () => {
    put('a');
    chmodSync(folder(), 0o777);
    expect((await theOne()).refusal).toBe('lies in a folder that is writable by everyone: chmod o-w takes that away');
  });

  test('one that its group may write to, or that lies in such a folder, is refused by a daemon that is root', async () => {
    put('a', 'exit 0', 0o775);
    put('b');
    const refusal = 'is writable by its group: chmod g-w takes that away';
    expect((await listed()).map((check) => check.refusal)).toEqual([process.geteuid?.() === 0 ? refusal : undefined, undefined]);
    chmodSync(folder(), 0o775);
    expect((await listed()).map((check) => check.refusal)).toEqual(Array.from({ length: 2 }, () => (process.geteuid?.() === 0 ? `lies in a folder that ${refusal}` : undefined)));
  });

  const [root, agent] = [{ uid: 0, gid: 0 }, { uid: 500, gid: 600 }];
  test.each([
    [root, 0, 0, 0o755, undefined],
    [root, 0, 600, 0o755, undefined],
    [root, 0, 0, 0o775, 'is writable by its group: chmod g-w takes that away'],
    [root, 0, 600, 0o775, 'is writable by its group: chmod g-w takes that away'],
    [root, 500, 600, 0o755, "belongs to another user: chown it to root or the daemon's"],
    [agent, 0, 0, 0o755, undefined],
    [agent, 500, 600, 0o775, undefined],
    [agent, 0, 600, 0o775, undefined],
    [agent, 500, 0, 0o775, "is writable by a group that is not the daemon's: chmod g-w takes that away"],
    [agent, 500, 601, 0o775, "is writable by a group that is not the daemon's: chmod g-w takes that away"],
    [agent, 500, 601, 0o755, undefined],
    [agent, 501, 600, 0o775, "belongs to another user: chown it to root or the daemon's"],
    [agent, 501, 601, 0o777, 'is writable by everyone: chmod o-w takes that away'],
  ])('the daemon being %j, of user %i and group %i with mode %o: %s', (daemon, uid, gid, mode, refusal) => expect(refusalOf('', { uid, gid, mode }, daemon)).toBe(refusal));

  test('a link is refused, wherever it leads', async () => {
    symlinkSync('/bin/true', path.join(folder(), 'link'));
    symlinkSync('/nowhere', path.join(folder(), 'nowhere'));
    expect((await listed()).map(({ refusal }) => refusal?.slice(0, 9))).toEqual(['is a link', 'is a link']);
  });

  test('a name with control characters is shown without them; one that is no text is refused', async () => {
    put('a\nb');
    writeFileSync(Buffer.concat([Buffer.from(`${folder()}/`), Buffer.from([0x62, 0xff])]), '', { mode: 0o755 });
    expect((await listed()).map(({ name, refusal }) => [name, refusal])).toEqual([
      ['a\u{FFFD}b', undefined],
      ['b\u{FFFD}', 'has a name that is not valid UTF-8: rename it'],
    ]);
  });
});

describe('how a check runs', () => {
  const run = async (checks = checksOf()) => checks.run(await theOne(), new AbortController().signal);

  test('with the paths of the home and its own name, jetpack first on its PATH, in a private empty folder that is gone afterwards', async () => {
    put('look', 'echo "$JETPACK_HOME|$CYCLECLOUD_HOME|$JETPACK_CHECK|${PATH%%:*}|$(ls | wc -l)|$(stat -c %a .)|${PWD%/*}"; touch left; mkdir -p a/b');
    const { ending, tail } = await run();
    expect(ending).toEqual({ type: 'exited', code: 0 });
    expect(tail).toBe(`${home}|${home}|look|/opt/jetpack/bin|0|700|${path.join(home, 'system', 'scratch')}`);
    expect(scratch()).toEqual([]);
  });

  test('gives its exit code and the end of its output', async () => {
    put('bad', 'echo out; echo "GPU lost" >&2; exit 254');
    expect(await run()).toMatchObject({ ending: { type: 'exited', code: 254 }, tail: 'out\nGPU lost' });
  });

  test('is ended at its time limit with all that it started, and its folder goes', async () => {
    put('hang', `sleep 300 & setsid sleep 300 & trap '' TERM; while true; do sleep 0.1; done`);
    const { ending } = await run(checksOf(400));
    expect(ending).toEqual({ type: 'timedOut', afterMs: 400 });
    expect(scratch()).toEqual([]);
  });

  test('leaves nothing in the background', async () => {
    put('fork', `(setsid sleep 300 &)\necho $JETPACK_RUN`);
    const { tail } = await run();
    expect(tail).toMatch(/^[0-9a-f-]{36}$/);
    expect(await findProcesses([tail])).toEqual([]);
  });

  test('does not run where no working folder can be had, and that is said', async () => {
    put('a', `touch ${home}/ran`);
    writeFileSync(path.join(home, 'system'), '');
    expect((await run()).ending).toEqual({ type: 'unstartable', reason: `could not be given a working folder in ${home}/system/scratch (ENOTDIR)` });
    rmSync(path.join(home, 'system'));
    expect(existsSync(path.join(home, 'ran'))).toBe(false);
    const checks = checksOf();
    writeFileSync(path.join(home, 'system'), '');
    expect((await run(checks)).ending.type).toBe('unstartable');
    rmSync(path.join(home, 'system'));
    expect((await run(checks)).ending.type).toBe('exited');
  });

  test('what an earlier life of the daemon left running is ended before the first one, and its folder removed; other folders stay', async () => {
    const id = randomUUID();
    mkdirSync(path.join(home, 'system', 'scratch', `check-${id}`, 'deep'), { recursive: true });
    mkdirSync(path.join(home, 'system', 'scratch', 'check-of-mine'));
    const left = spawn('sleep', ['300'], { detached: true, stdio: 'ignore', env: { ...process.env, JETPACK_RUN: id } });
    const gone = new Promise((resolve) => void left.once('exit', resolve));
    put('a');
    await run();
    await gone;
    expect(scratch()).toEqual(['check-of-mine']);
  });
});
