import { describe, expect, test } from '@jest/globals';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ManualClock } from '../effects/manual-clock.ts';
import { jetpack, node, type Seen, silence, useNodeHostStage } from './testing/node-host-stage.ts';

useNodeHostStage();

describe('a command that the daemon answers', () => {
  const status = { cluster: 'lab', node: 'n1', version: '1', answersAs: '8.10.0-10000', broker: 'connected', outbox: { rows: 0, bytes: 0 }, silent: [] };

  test.each([
    [['status'], 'status', status, /^node\tlab\/n1, jetpack 1 \(answers as 8\.10\.0-10000\)\n/],
    [['keepalive', '2h', '--reason', 'looking'], 'keepalive', { holds: true, reason: 'looking' }, /^kept alive forever: looking\n$/],
    [['keepalive', 'show'], 'keepalive', { holds: false }, /^not kept alive\n$/],
    [['health'], 'health', { conditions: [], running: false }, /^no checks\n/],
    [['inspect'], 'inspect', { actors: [] }, /^actor\t/],
    [['converge', '--plan'], 'converge', { steps: [] }, /^nothing to run/],
    [['sync', 'wait', '--role', 'scheduler'], 'wait', { nodes: [] }, /^$/],
  ])('%j prints what it says', async (argv, verb, result, text) => {
    const requests = await node.daemon(({ id }) => ({ ok: true, id, result }));
    const seen = await jetpack(argv);
    expect(seen).toEqual({ exit: 0, out: expect.stringMatching(text), err: '' });
    expect(requests).toMatchObject([{ verb }]);
  });

  test.each([
    ['wait_unmet', ['sync', 'wait', '--role', 'scheduler'], 'jetpack sync wait: not yet (wait_unmet)\n'],
    ['converge_running', ['converge'], 'jetpack converge: not yet (converge_running)\n'],
    ['state_unwritable', ['keepalive'], 'jetpack keepalive: not yet (state_unwritable)\n'],
  ] as const)('that is refused with %s is one line and exit code 1', async (code, argv, err) => {
    await node.refusingDaemon(code, 'not yet');
    expect(await jetpack(argv)).toEqual({ exit: 1, out: '', err });
  });

  test.each([
    ['OK', 0],
    ['NA', 0],
    ['Warning', 1],
    ['Error', 1],
    ['Unknown', 1],
  ])('health says with its exit code that a check is %s', async (status, exit) => {
    await node.daemon(({ id }) => ({ ok: true, id, result: { conditions: [{ name: 'disk', status: 'OK', since: 0 }, { name: 'gpu', status, since: 0 }], running: false } }));
    for (const argv of [['health'], ['health', '--run', '--json']]) expect(await jetpack(argv)).toMatchObject({ exit, err: '' });
  });

  test('prints lines as they come, each as one line', async () => {
    await node.impostor((socket) => {
      socket.once('data', (sent: Buffer) => {
        const { id } = JSON.parse(sent.toString().split('\n')[1] ?? '{}') as { readonly id: string };
        const lines = [{ id, progress: 'Executing' }, { id, progress: 'two\nlines' }, { ok: true, id, result: { ran: 1, skipped: 0, durationMs: 1000 } }];
        socket.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      });
    }, 'admin');
    expect(await jetpack(['converge'])).toEqual({ exit: 0, out: 'Executing\ntwo lines\nconverged: 1 script ran, in 1.0 s\n', err: '' });
  });

  test.each([['status'], ['keepalive'], ['converge'], ['inspect'], ['health']])('%s without a daemon is one line and exit code 1, and waits for nothing', async (command) => {
    const clock = new ManualClock();
    expect(await jetpack([command], { clock })).toEqual({ exit: 1, out: '', err: `jetpack ${command}: jetpackd is not running in ${node.paths.home} (daemon_unreachable)\n` });
  });

  /** A wait of ten seconds, and the time that a test lets pass for it. */
  const waiting = () => {
    const clock = new ManualClock();
    const done: Seen[] = [];
    void jetpack(['sync', 'wait', '--role', 'scheduler', '--timeout', '10s'], { clock }).then((seen) => done.push(seen));
    const until = async (ms: number): Promise<void> => {
      while (done.length === 0 && clock.monotonic() < ms) {
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        await clock.advance(100);
      }
    };
    return { done, until };
  };

  test('a wait gives the daemon the time that was asked for, and hears what it says when that is up', async () => {
    const requests = await node.daemon(({ id }) => ({ ok: false, id, code: 'wait_unmet', message: 'not yet' }));
    expect(await jetpack(['sync', 'wait', '--role', 'scheduler', '--timeout', '10s'])).toMatchObject({ exit: 1, err: 'jetpack sync wait: not yet (wait_unmet)\n' });
    const [{ remainingMs = 0 } = {}] = requests as ReadonlyArray<{ readonly remainingMs?: number }>;
    expect(remainingMs).toBeLessThanOrEqual(10_000);
    expect(remainingMs).toBeGreaterThan(9_000);
  });

  test('a wait asks a daemon that is away again until its time is up', async () => {
    const { done, until } = waiting();
    await until(5_000);
    expect(done).toEqual([]);
    await node.daemon(({ id }) => ({ ok: true, id, result: { nodes: [] } }));
    await until(11_000);
    expect(done).toEqual([silence]);
  });

  test('a wait for a daemon that never comes ends with its time', async () => {
    const { done, until } = waiting();
    await until(20_000);
    expect(done).toEqual([{ exit: 1, out: '', err: `jetpack sync wait: jetpackd is not running in ${node.paths.home} (daemon_unreachable)\n` }]);
  });

  test('a wait goes on over a daemon that stops meanwhile', async () => {
    let answers = 0;
    await node.daemon(({ id }) => {
      answers += 1;
      return answers === 1 ? { ok: false, id, code: 'actor_stopped', message: 'jetpackd is stopping' } : { ok: true, id, result: { nodes: [] } };
    });
    const { done, until } = waiting();
    await until(11_000);
    expect([done, answers]).toEqual([[silence], 2]);
  });
});

describe('jetpack config', () => {
  const write = (file: string, text: string | Uint8Array): void => {
    mkdirSync(node.paths.config, { recursive: true });
    writeFileSync(path.join(node.paths.config, file), text);
  };

  test('answers from node.json, with a daemon or without', async () => {
    write('node.json', '{"a": {"b": true, "list": [1, "two"]}}');
    expect(await jetpack(['config', 'a.b'])).toEqual({ exit: 0, out: 'True\n', err: '' });
    expect(await jetpack(['config', 'a.list', '--json'])).toEqual({ exit: 0, out: '{\n    "a.list": [\n        1,\n        "two"\n    ]\n}\n', err: '' });
    const requests = await node.daemon();
    expect(await jetpack(['config', 'a.c', 'none'])).toEqual({ exit: 0, out: 'none\n', err: '' });
    expect(requests).toEqual([]);
  });

  test('a missing key is exit code 1 with nothing on standard output', async () => {
    write('node.json', '{}');
    expect(await jetpack(['config', 'a.b'])).toEqual({ exit: 1, out: '', err: "jetpack config: the configuration has no key 'a.b' (key_missing)\n" });
  });

  test.each([
    ['truncated', '{"a": '],
    ['not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d)],
    ['no object', '[1]'],
  ])('a node.json that is %s is served by the last good one, and one line says so', async (_what, damage) => {
    write('node.json', damage);
    write('node.last-good.json', '{"a": 1}');
    const { err, exit, out } = await jetpack(['config', 'a']);
    expect({ exit, out }).toEqual({ exit: 0, out: '1\n' });
    expect(err).toMatch(/^jetpack config: .*node\.json .*\n$/);
    expect((await jetpack(['config', 'missing'])).err.split('\n')).toHaveLength(3);
  });

  test('of 200 MB is not read, and that it is damaged is one line', async () => {
    write('node.json', '');
    truncateSync(path.join(node.paths.config, 'node.json'), 200 * 1024 * 1024);
    const { err, exit, out } = await jetpack(['config', 'a', 'default']);
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    expect(err).toMatch(/^jetpack config: .*node\.json.*209715200.*\(config_damaged\)\n$/);
  });

  test('without any node.json is one line and exit code 1, also with a default', async () => {
    const { err, exit, out } = await jetpack(['config', 'a', 'default']);
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    expect(err).toMatch(/^jetpack config: [^\n]+\n$/);
  });
});
