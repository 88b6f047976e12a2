// What the Node form says of a home that a daemon has left, from the files as its parts write them.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../commands/run.ts';
import { systemClock } from '../effects/clock.ts';
import { seededRandom } from '../effects/random.ts';
import { createKeepaliveFile } from '../node/keepalive/keepalive-file.ts';
import { openState } from '../node/state/state.ts';
import { nodeHost } from './node-host.ts';
import { TestHome } from './testing/daemon.ts';

let home: TestHome;

beforeEach(() => {
  home = new TestHome();
  home.sockets();
});
afterEach(() => home.remove());

const jetpack = async (...argv: readonly string[]) => {
  let [out, err] = ['', ''];
  const host = nodeHost({
    argv,
    env: { JETPACK_HOME: home.home },
    cwd: '/',
    terminal: () => ({ output: false, columns: 80 }),
    input: async function* nothing() {},
    out: (text) => (out += text),
    err: (text) => (err += text),
    clock: systemClock,
    random: seededRandom(1),
  });
  const exit = await run(host);
  return { exit, out, err };
};

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
