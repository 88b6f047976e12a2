// What the Node form says of a home that a daemon has left, from the files as its parts write them.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../commands/run.ts';
import { systemClock, type Clock } from '../effects/clock.ts';
import { ManualClock } from '../effects/manual-clock.ts';
import { seededRandom } from '../effects/random.ts';
import { lasts } from '../effects/testing/lasts.ts';
import { createKeepaliveFile } from '../node/keepalive/keepalive-file.ts';
import { openState } from '../node/state/state.ts';
import { lockFile } from '../storage/file-lock.ts';
import { nodeHost } from './node-host.ts';
import { TestHome } from './testing/daemon.ts';

let home: TestHome;

beforeEach(() => {
  home = new TestHome();
  home.sockets();
});
afterEach(() => home.remove());

const jetpackBy = async (clock: Clock, ...argv: readonly string[]) => {
  let [out, err] = ['', ''];
  const host = nodeHost({
    argv,
    env: { JETPACK_HOME: home.home },
    cwd: '/',
    terminal: () => ({ output: false, columns: 80 }),
    input: async function* nothing() {},
    out: (text) => (out += text),
    err: (text) => (err += text),
    clock,
    random: seededRandom(1),
  });
  const exit = await run(host);
  return { exit, out, err };
};

const jetpack = (...argv: readonly string[]) => jetpackBy(systemClock, ...argv);

const leave = async (): Promise<void> => {
  mkdirSync(home.paths.config, { recursive: true });
  writeFileSync(path.join(home.paths.config, 'node.json'), JSON.stringify({ cyclecloud: { cluster: { name: 'lab' }, node: { name: 'n1' }, jetpack: { version: '1.2.3' } } }));
  const opened = openState(home.paths.state, { cluster: 'lab', node: 'n1', instanceId: 'i-1' }, systemClock);
  if (!opened.ok) throw new Error(opened.error.message);
  await opened.value.state.change([{ key: 'check/gpu', value: { status: 'Error', message: 'lost', since: 0 } }]);
  await opened.value.state.close();
  await createKeepaliveFile(home.paths.run).write({ holds: true, reason: 'a crash' });
};

describe('a home that a daemon has left', () => {
  beforeEach(leave);

  test('is shown by jetpack status, with the messages that wait there, and exit code 1', async () => {
    await jetpack('log', 'one');
    const { err, exit, out } = await jetpack('status');
    expect({ exit, err }).toEqual({ exit: 1, err: `jetpack status: jetpackd is not running in ${home.home}: this is what its files say (daemon_unreachable)\n` });
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^node\tlab\/n1, jetpack \d+\.\d+\.\d+\S* \(answers as 1\.2\.3\)$/),
      `phase\tunknown: jetpackd is not running in ${home.home}`,
      `outbox\tnot known: ${home.paths.outbox} does not exist`,
      'spool\t1 message waits',
      'health\t0 of 1 checks OK when they last ran',
      '\tgpu is Error: lost',
      'keepalive\tkept alive forever: a crash',
      'converge\tnone yet',
      '',
    ]);
  });

  test('has its keepalive and its health, each with a line that says from where', async () => {
    expect(await jetpack('keepalive', 'show')).toEqual({ exit: 0, out: 'kept alive forever: a crash\n', err: `jetpack keepalive: jetpackd is not running in ${home.home}: this is what run/node.keepalive says\n` });
    const { err, exit, out } = await jetpack('health', '--json');
    expect({ exit, err }).toEqual({ exit: 1, err: expect.stringContaining('this is what was found before (daemon_unreachable)') });
    expect(JSON.parse(out)).toEqual({ conditions: [{ name: 'gpu', status: 'Error', message: 'lost', since: 0 }], running: false });
  });
});

test('a home that nobody has been in says nothing of any part', async () => {
  expect(await jetpack('health')).toMatchObject({ exit: 1, out: '', err: `jetpack health: jetpackd is not running in ${home.home} (daemon_unreachable)\n` });
  expect(await jetpack('inspect')).toMatchObject({ exit: 1, out: '' });
});

describe('a home whose daemon runs and does not answer', () => {
  beforeEach(leave);

  /** As a daemon that is frozen: its socket takes requests, and its files are locked. */
  const frozen = async (work: () => Promise<void>): Promise<void> => {
    await home.impostor(() => undefined);
    const lock = lockFile(home.paths.lock);
    const state = openState(home.paths.state, { cluster: 'lab', node: 'n1', instanceId: 'i-1' }, systemClock);
    try {
      await work();
    } finally {
      if (state.ok) await state.value.state.close();
      lock?.release();
    }
  };

  const asked = async (...argv: readonly string[]) => {
    const clock = new ManualClock();
    const ran = jetpackBy(clock, ...argv);
    await lasts(clock, ran);
    return ran;
  };

  const running = (): string => `jetpackd is running in ${home.home} (pid ${process.pid}), but it does not answer`;

  test('is shown by jetpack status: that it runs, as which process, what files say, and what only it could tell', () =>
    frozen(async () => {
      const { err, exit, out } = await asked('status');
      expect({ exit, err }).toEqual({ exit: 1, err: `jetpack status: ${running()}: this is what its files say (daemon_unreachable)\n` });
      expect(out.split('\n').slice(1)).toEqual([
        `phase\tunknown: ${running()}`,
        `outbox\tnot known: ${home.paths.outbox} does not exist`,
        'spool\tempty',
        `health\tnot known: ${home.paths.state} is in use, and only jetpackd could tell`,
        'keepalive\tkept alive forever: a crash',
        `converge\tnot known: ${home.paths.state} is in use, and only jetpackd could tell`,
        '',
      ]);
    }));

  test('has a command that only it can answer fail with that', () =>
    frozen(async () => {
      expect(await asked('health')).toEqual({ exit: 1, out: '', err: `jetpack health: ${running()} (daemon_unreachable)\n` });
    }));

  test('is said to run and to take no requests while nothing listens there', async () => {
    const lock = lockFile(home.paths.lock);
    expect((await jetpack('inspect')).err).toBe(`jetpack inspect: jetpackd is running in ${home.home} (pid ${process.pid}), but it takes no requests (daemon_unreachable)\n`);
    lock?.release();
  });
});
