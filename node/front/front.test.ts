import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import type { LocalRequest } from '../../protocol/local.ts';
import { prepareHome } from '../home/prepare.ts';
import { homePaths } from '../home/paths.ts';
import { claimSocketPaths, type SocketPaths } from '../home/socket-paths.ts';
import { listenLocal, type LocalListener } from '../sockets/listen.ts';
import { localLimits, type LocalLimits } from '../sockets/limits.ts';
import type { HandleRequest } from '../sockets/requests.ts';
import { beginning, FrontClient, runId, told } from './testing/front-client.ts';

let folder: string;
let clock: ManualClock;
let paths: SocketPaths;
let open: Array<{ close(): Promise<void> }>;
const log = recordLog();

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'front-'));
  clock = new ManualClock();
  open = [];
  const home = homePaths(folder);
  const prepared = prepareHome(home);
  if (!prepared.ok) throw new Error(prepared.error.message);
  mkdirSync(path.join(folder, 'config'), { recursive: true });
  writeFileSync(path.join(folder, 'config', 'node.json'), '{"a": {"b": true}}');
  const sockets = claimSocketPaths(home, folder);
  if (!sockets.ok) throw new Error(sockets.error.message);
  paths = sockets.value;
});

afterEach(async () => {
  for (const each of open.toReversed()) await each.close();
  rmSync(folder, { recursive: true });
});

const requests: LocalRequest[] = [];

const accepts: HandleRequest = async (request) => {
  requests.push(request);
  return { ok: true, id: request.id, result: null };
};

const listen = async (handle: HandleRequest = accepts, limits: Partial<LocalLimits> = {}): Promise<LocalListener> => {
  requests.length = 0;
  const listener = await listenLocal({ paths, home: folder, handle, limits: { ...localLimits, ...limits }, clock, logger: log.logger });
  if (!listener.ok) throw new Error(listener.error.message);
  open.push(listener.value);
  return listener.value;
};

const client = (on: 'front' | 'frontAdmin' = 'front'): FrontClient => {
  const made = new FrontClient(paths[on]);
  open.push(made);
  return made;
};

/** Of a caller in the time zone of the daemon. */
const environment = (): Record<string, string> => ({ JETPACK_HOME: folder, ...(process.env['TZ'] === undefined ? {} : { TZ: process.env['TZ'] }) });

/** Runs `jetpack` for this home. */
const jetpack = async (argv: readonly string[], { env = {}, cwd = '/', on = 'front' }: { env?: Readonly<Record<string, string>>; cwd?: string; on?: 'front' | 'frontAdmin' } = {}) => {
  const made = client(on);
  made.send(beginning(argv, { ...environment(), ...env }, cwd));
  return made.rest();
};

const nodeForm = [{ type: 'P', text: '' }];
const exits = (code: number) => ({ type: 'Q', text: String(code) });

describe('a command of the front', () => {
  test('that answers from files is printed in one go, then its exit code', async () => {
    await listen();
    expect(await jetpack(['config', 'a.b'])).toEqual([{ type: 'O', text: 'True\n' }, exits(0)]);
    expect(await jetpack(['config', 'nope'])).toEqual([{ type: 'R', text: "jetpack config: the configuration has no key 'nope' (key_missing)\n" }, exits(1)]);
    expect(await jetpack(['config', '--nope'])).toEqual([{ type: 'R', text: expect.stringContaining("unknown option '--nope'") }, exits(2)]);
    expect(await jetpack(['-v'])).toEqual([{ type: 'O', text: expect.stringMatching(/^\d+\.\d+\.\d+-0\n$/) }, exits(0)]);
  });

  test('reaches the daemon under the id that the front minted, in the trace of the caller', async () => {
    await listen();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(await jetpack(['log', 'ready'], { env: { TRACEPARENT: traceparent } })).toEqual([exits(0)]);
    expect(requests).toMatchObject([{ verb: 'log', id: runId, message: 'ready', trace: { traceparent } }]);
  });

  test('that comes to a daemon which cannot take it now is spooled by the daemon, and says so', async () => {
    await listen(async ({ id }) => ({ ok: false, id, code: 'timeout', message: 'busy' }));
    expect(await jetpack(['log', 'text'])).toEqual([{ type: 'R', text: expect.stringContaining('the message waits in') }, exits(0)]);
    expect(readdirSync(path.join(folder, 'run', 'spool')).filter((name) => name !== 'rejected')).toHaveLength(1);
  });

  test('has its home from an option too, from where the caller stands', async () => {
    await listen();
    expect(await jetpack(['--home', path.basename(folder), 'config', 'a.b'], { cwd: path.dirname(folder), env: { JETPACK_HOME: '' } })).toMatchObject([{ type: 'O' }, exits(0)]);
  });
});

describe('standard input and files', () => {
  test('are asked for when they are wanted, and not before', async () => {
    await listen();
    const front = client();
    front.send(beginning(['send', '-r', 'a.b', '-f', '-'], environment()));
    expect(await front.next()).toEqual({ type: 'N', text: '' });
    front.send(told('D', 'one '));
    expect(await front.next()).toEqual({ type: 'N', text: '' });
    front.send(told('D', 'two'));
    expect(await front.next()).toEqual({ type: 'N', text: '' });
    front.send(told('Z'));
    expect(await front.rest()).toEqual([exits(0)]);
    expect(requests).toMatchObject([{ verb: 'send', bodyBase64: Buffer.from('one two').toString('base64') }]);
  });

  test.each([
    [['send', '-r', 'a.b', '-f', 'grün.json'], '5 0 4194304'],
    [['send', '-r', 'a.b', '--file=grün.json'], '4 7 4194304'],
    [['send', '-fgrün.json', '-r', 'a.b'], '2 2 4194304'],
  ])('of %j the front is told argument and byte, and no path', async (argv, where) => {
    await listen();
    const front = client();
    front.send(beginning(argv, environment()));
    expect(await front.next()).toEqual({ type: 'F', text: where });
    front.send(Buffer.concat([told('D', 'content'), told('Z')]));
    expect(await front.rest()).toEqual([exits(0)]);
  });

  test('that cannot be read are an error by its name', async () => {
    await listen();
    const front = client();
    front.send(beginning(['send', '-r', 'a.b', '-f', 'none'], environment()));
    expect((await front.next())?.type).toBe('F');
    front.send(told('X', '13'));
    expect(await front.rest()).toEqual([{ type: 'R', text: 'jetpack send: none may not be read by this user (file_unreadable)\n' }, exits(1)]);
  });

  test('are no reason to wait for a front that is gone', async () => {
    const listener = await listen();
    const front = client();
    front.send(beginning(['send', '-r', 'a.b', '-f', '-'], environment()));
    expect((await front.next())?.type).toBe('N');
    await front.close();
    await listener.drain();
    expect(requests).toEqual([]);
  });
});

describe('the Node form takes', () => {
  test.each([
    ['a command that prints while it works', ['converge'], {}],
    ['a watch', ['config', 'a', '--watch'], {}],
    ['another home', ['--home', '/elsewhere', 'config', 'a'], {}],
    ['traces of its own', ['log', 'x'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }],
    ['another time zone', ['keepalive', 'show'], { TZ: 'Pacific/Kiritimati' }],
    ['a debugging run', ['log', 'x'], { JETPACK_DEBUG: '1' }],
    ['what another socket serves', ['inspect'], {}],
  ])('%s, and nothing was done', async (_what, argv, env) => {
    await listen();
    expect(await jetpack(argv, { env })).toEqual(nodeForm);
    expect(requests).toEqual([]);
  });

  test('a run from a folder that is gone', async () => {
    await listen();
    const front = client();
    front.send(beginning(['config', 'a'], environment(), null));
    expect(await front.rest()).toEqual(nodeForm);
  });

  test('no defect of the daemon: that is an answer, and its log says more', async () => {
    await listen(() => {
      throw new Error('boom');
    });
    expect(await jetpack(['keepalive'])).toEqual([{ type: 'R', text: expect.stringContaining('(internal)') }, exits(1)]);
    expect(log.lines).toContain('error: a local request failed by a defect');
  });

  test('what finds no memory', async () => {
    await listen(accepts, { sharedMemory: 100, ownMemory: 2_000 });
    writeFileSync(path.join(folder, 'config', 'node.json'), JSON.stringify({ a: 'x'.repeat(5_000) }));
    expect(await jetpack(['config', 'a'])).toEqual(nodeForm);
  });

  test('whoever waits for its input when the daemon drains', async () => {
    const listener = await listen();
    const front = client();
    front.send(beginning(['send', '-r', 'a.b', '-f', '-'], environment()));
    expect((await front.next())?.type).toBe('N');
    const drained = listener.drain();
    expect(await front.rest()).toEqual(nodeForm);
    await drained;
  });

  test('what came when the daemon serves as many as it may', async () => {
    const asking = Promise.withResolvers<void>();
    await listen(
      () => {
        asking.resolve();
        return new Promise(() => undefined);
      },
      { connections: 1 },
    );
    client().send(beginning(['keepalive'], environment()));
    await asking.promise;
    // It may be cut off before it has heard that it is to do without, which it then does.
    expect([nodeForm, []]).toContainEqual(await jetpack(['config', 'a.b']));
  });
});

describe('what is no front', () => {
  test.each([
    ['of another version', Buffer.concat([told('H', '2'), told('I', runId), told('G')])],
    ['without an id', Buffer.concat([told('H', '1'), told('G')])],
    ['with an id that is none', Buffer.concat([told('H', '1'), told('I', 'x'), told('G')])],
    ['with a terminal that is none', Buffer.concat([told('H', '1'), told('I', runId), told('T', 'wide'), told('G')])],
    ['with a letter that means nothing', Buffer.concat([told('H', '1'), told('I', runId), told('?'), told('G')])],
    ['with a frame that is too large', Buffer.from([0x41, 0xff, 0xff, 0xff, 0xff])],
    ['that speaks the other protocol', Buffer.from('{"jetpack":{"min":1,"max":1}}\n')],
  ])('%s is told to do without', async (_what, bytes) => {
    await listen();
    const front = client();
    front.send(bytes);
    expect(await front.rest()).toEqual(nodeForm);
  });

  test('that says nothing for five seconds is told so too', async () => {
    await listen();
    const front = client();
    front.send(told('H', '1'));
    await new Promise((resolve) => front.socket.once('connect', resolve));
    const heard = front.rest();
    for (let second = 0; second < 8; second += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(1_000);
    }
    expect(await heard).toEqual(nodeForm);
  });

  test('a byte at a time is understood', async () => {
    await listen();
    const front = client();
    const bytes = beginning(['config', 'a.b'], environment());
    for (const byte of bytes) front.send(Buffer.of(byte));
    expect(await front.rest()).toEqual([{ type: 'O', text: 'True\n' }, exits(0)]);
  });
});
