import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { systemClock } from '../../effects/clock.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { FrontDaemon } from '../../node/front/testing/front-daemon.ts';
import { frontVariables } from '../../protocol/front.ts';
import { handoverIn } from '../handover.ts';
import { tryFront, type Caller, type Tried } from './try-front.ts';

let daemon: FrontDaemon;

beforeEach(() => {
  daemon = new FrontDaemon();
});

afterEach(() => daemon.close());

const caller = (argv: readonly string[], more: Partial<Caller> = {}): Caller => ({
  argv,
  env: daemon.environment(),
  cwd: '/',
  terminal: () => ({ output: false, columns: 80 }),
  clock: systemClock,
  random: seededRandom(1),
  ...more,
});

const nothingDone: Tried = { type: 'left', handover: undefined };

/** For a run that must not ask. */
const connect = (): Socket => {
  throw new Error('somebody was asked');
};

const text = (tried: Tried) => (tried.type === 'done' ? { ...tried, printed: tried.printed.map(({ bytes, to }) => [to, Buffer.from(bytes).toString()]) } : tried);

test('a command is run by the daemon, and its answer is all there', async () => {
  await daemon.listen();
  expect(text(await tryFront(caller(['config', 'a.b'])))).toEqual({ type: 'done', exit: 0, printed: [[1, 'True\n']] });
  expect(text(await tryFront(caller(['log', 'zwölf', '--wrong'])))).toMatchObject({ type: 'done', exit: 2, printed: [[2, expect.stringContaining('--wrong')]] });
  expect(await tryFront(caller(['log', 'two  words']))).toEqual({ type: 'done', exit: 0, printed: [] });
  expect(daemon.requests).toMatchObject([{ verb: 'log', message: 'two  words', id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/) }]);
});

test.each([
  ['standard input', ['send', '-r', 'a.b', '-f', '-']],
  ['a file', ['send', '-r', 'a.b', '-f', '/etc/hostname']],
  ['a process of its own', ['converge']],
])('a command that wants %s is left with the id that the daemon heard, and no actor was asked', async (_what, argv) => {
  await daemon.listen();
  const tried = await tryFront(caller(argv));
  expect(tried).toEqual({ type: 'left', handover: { id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/), waitedMs: expect.any(Number) } });
  expect(daemon.requests).toEqual([]);
  // The daemon goes on as with any front that went away: nothing there is a defect.
  expect(text(await tryFront(caller(['config', 'a.b'])))).toMatchObject({ exit: 0 });
  expect(daemon.log.lines.filter((line) => !line.startsWith('debug: '))).toEqual([]);
});

test('a run that the daemon has passed on before it fell silent is left under the same id', async () => {
  await daemon.listen(async (request) => {
    daemon.requests.push(request);
    return new Promise(() => undefined);
  });
  const clock = new ManualClock();
  const trying = tryFront(caller(['log', 'x'], { clock }));
  await waitFor('an actor to be asked', () => daemon.requests.length === 1);
  await clock.advance(1_000);
  expect(await trying).toEqual({ type: 'left', handover: { id: daemon.requests[0]?.id, waitedMs: 1_000 } });
});

test('whoever was given a handover, or wants what only a process of its own has, asks nobody', async () => {
  await daemon.listen();
  const handover = { id: '01938a5e-0000-7000-8000-000000000000', waitedMs: 7 };
  const given = { ...daemon.environment(), ...handoverIn(handover) };
  expect(await tryFront(caller(['log', 'x'], { env: given, connect }))).toEqual({ type: 'left', handover });
  for (const more of [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x' }, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x' }, { JETPACK_DEBUG: '' }]) {
    expect(await tryFront(caller(['log', 'x'], { env: { ...daemon.environment(), ...more }, connect }))).toEqual(nothingDone);
  }
  expect(daemon.requests).toEqual([]);
});

test('where there is no socket, none that a path can name, no folder to stand in, or too much to tell, nobody is asked', async () => {
  expect(await tryFront(caller(['log', 'x'], { connect }))).toEqual(nothingDone);
  await daemon.listen();
  const relative = { ...daemon.environment(), JETPACK_HOME: path.basename(daemon.home) };
  expect(await tryFront(caller(['log', 'x'], { connect, cwd: undefined, env: relative }))).toEqual(nothingDone);
  expect(await tryFront(caller(['log', 'x'.repeat(1024 * 1024)], { connect }))).toEqual(nothingDone);
  const deep = path.join(daemon.home, 'd'.repeat(100));
  mkdirSync(path.join(deep, 'run'), { recursive: true });
  writeFileSync(path.join(deep, 'run', 'front.sock'), '');
  expect(await tryFront(caller(['log', 'x'], { connect, env: { JETPACK_HOME: deep } }))).toEqual(nothingDone);
});

test('the home is the one of the variables, from where the caller stands', async () => {
  await daemon.listen();
  const [cwd, name] = [path.dirname(daemon.home), path.basename(daemon.home)];
  for (const env of [{ JETPACK_HOME: name }, { JETPACK_HOME: '', CYCLECLOUD_HOME: name }]) {
    expect(await tryFront(caller(['config', 'a.b'], { cwd, env: { ...daemon.environment(), ...env } }))).toMatchObject({ type: 'done', exit: 0 });
  }
});

test('a socket that nobody serves any more is left after a try', async () => {
  // As a daemon that was killed leaves it: a file that refuses.
  writeFileSync(path.join(daemon.home, 'run', 'front.sock'), '');
  expect(await tryFront(caller(['log', 'x']))).toEqual({ type: 'left', handover: { id: expect.any(String), waitedMs: expect.any(Number) } });
});

test('both forms tell the same of the environment', () => {
  const source = readFileSync(path.join(import.meta.dirname, 'jetpack.c'), 'utf8');
  const [, names = ''] = /names\[\] = \{([^}]*)\}/.exec(source) ?? [];
  expect(names.split(', ').map((name) => name.replaceAll(/^"|="$/g, ''))).toEqual([...frontVariables]);
});
