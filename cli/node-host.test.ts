import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ManualClock } from '../effects/manual-clock.ts';
import { limits } from '../protocol/limits.ts';
import { TestHome } from './testing/daemon.ts';
import { jetpack, node, type Seen, setNode, silence, useNodeHostStage } from './testing/node-host-stage.ts';

useNodeHostStage();

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const spooledSaying = (reason: string): Seen => ({ exit: 0, out: '', err: `jetpack log: jetpackd ${reason}: the message waits in ${node.paths.spool}\n` });

describe('with a daemon', () => {
  test('an accepted message ends with silence', async () => {
    const requests = await node.daemon();
    expect(await jetpack(['log', 'system is ready', '--level', 'warn'])).toEqual(silence);
    expect(requests).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        at: expect.any(Number),
        verb: 'log',
        level: 'warn',
        priority: 'medium',
        message: 'system is ready',
        remainingMs: expect.any(Number),
      },
    ]);
    expect(requests[0]?.remainingMs).toBeLessThanOrEqual(1000);
    expect(node.spooled()).toEqual([]);
  });

  test('send takes text, a file, or standard input', async () => {
    const requests = await node.daemon();
    const file = path.join(node.home, 'service.json');
    writeFileSync(file, '{"system":"grid"}');
    expect(await jetpack(['send', 'text', '-r', 'a.b'])).toEqual(silence);
    expect(await jetpack(['send', '--file', file, '-r', 'a.b'])).toEqual(silence);
    expect(await jetpack(['send', '--file', '-', '-r', 'a.b'], { input: [Buffer.from([0xff]), Buffer.from([0x00])] })).toEqual(silence);
    expect(requests.map((request) => request.verb === 'send' && [request.contentType, request.bodyBase64])).toEqual([
      ['text/plain', Buffer.from('text').toString('base64')],
      ['application/json', Buffer.from('{"system":"grid"}').toString('base64')],
      ['application/octet-stream', '/wA='],
    ]);
  });

  test.each(['outbox_full', 'outbox_unwritable', 'message_too_large', 'handshake_unsupported'] as const)('its refusal %s is the command’s, and nothing is spooled', async (code) => {
    await node.refusingDaemon(code, 'this is why');
    expect(await jetpack(['log', 'text'])).toEqual({ exit: 1, out: '', err: `jetpack log: this is why (${code})\n` });
    expect(node.spooled()).toEqual([]);
  });

  test('a refusal for usage exits with 2', async () => {
    await node.refusingDaemon('request_invalid', 'this is why');
    expect(await jetpack(['log', 'text'])).toMatchObject({ exit: 2 });
  });

  test('a code from a later version is a failure that keeps its words', async () => {
    await node.refusingDaemon('from_the_future', 'this is why');
    expect(await jetpack(['log', 'text'])).toEqual({ exit: 1, out: '', err: 'jetpack log: this is why (from_the_future) (internal)\n' });
  });

  test('in a home whose path is too long for a socket it is found all the same', async () => {
    await node.remove();
    setNode(new TestHome(path.join('x'.repeat(60), 'y'.repeat(60))));
    const requests = await node.daemon();
    expect(await jetpack(['log', 'text'])).toEqual(silence);
    expect(requests).toHaveLength(1);
  });

  test('TRACEPARENT and TRACESTATE of the shell travel with the message, a malformed one costs nothing', async () => {
    const requests = await node.daemon();
    expect(await jetpack(['log', 'text'], { env: { TRACEPARENT: traceparent, TRACESTATE: 'vendor=1' } })).toEqual(silence);
    expect(await jetpack(['log', 'text'], { env: { TRACEPARENT: 'nonsense' } })).toEqual(silence);
    expect(requests.map(({ trace }) => trace)).toEqual([{ traceparent, tracestate: 'vendor=1' }, undefined]);
  });
});

describe('without a daemon the message is spooled, with one line that says so', () => {
  test('when none runs', async () => {
    expect(await jetpack(['log', 'text', '--level', 'error'])).toEqual(spooledSaying('is not running'));
    expect(node.spooled()).toEqual([
      { id: expect.any(String), at: expect.any(Number), verb: 'log', level: 'error', priority: 'high', message: 'text' },
    ]);
  });

  test('when none answers: after one second, under the id the daemon may have seen, with its trace', async () => {
    const clock = new ManualClock();
    let heard = '';
    let hear: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      hear = resolve;
    });
    await node.impostor((socket) =>
      socket.on('data', (chunk) => {
        heard += chunk.toString();
        if (heard.endsWith('}\n')) hear();
      }),
    );
    const running = jetpack(['log', 'text'], { clock, env: { TRACEPARENT: traceparent } });
    await arrived;
    await clock.advance(999);
    expect(node.spooled()).toEqual([]);
    await clock.advance(1);
    expect(await running).toEqual(spooledSaying('does not answer'));
    const [handshake, request] = heard.split('\n');
    expect(JSON.parse(handshake!)).toEqual({ jetpack: { min: 1, max: 1 } });
    expect(node.spooled().map((spooled) => ({ ...(spooled as object), remainingMs: 1000 }))).toEqual([JSON.parse(request!)]);
  });

  test.each(['busy', 'timeout', 'actor_crashed', 'actor_stopped', 'daemon_unreachable'] as const)('when it answers %s', async (code) => {
    await node.refusingDaemon(code, 'not now');
    expect(await jetpack(['log', 'text'])).toEqual(spooledSaying(`answers: not now (${code})`));
    expect(node.spooled()).toHaveLength(1);
  });

  test.each([
    ['closes without an answer', 'closed the connection', ''],
    ['answers garbage', 'gave an answer that cannot be read', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['answers another request', 'gave an answer that cannot be read', '{"ok":true,"id":"0192f0c1-2345-7890-8abc-def012345678","result":null}\n'],
    ['answers without words', 'gave an answer that cannot be read', '{"ok":false}\n'],
  ])('when what listens there %s', async (_what, reason, bytes) => {
    await node.impostor((socket) => socket.once('data', () => socket.end(bytes)));
    expect(await jetpack(['log', 'text'])).toEqual(spooledSaying(reason));
  });

  test('when what listens there never stops talking, within bounded memory', async () => {
    const before = process.memoryUsage.rss();
    await node.impostor((socket) => {
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      const talk = (): void => void (socket.writable && socket.write(chunk, talk));
      talk();
    });
    expect(await jetpack(['log', 'text'])).toEqual(spooledSaying('gave an answer that cannot be read'));
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('when the message can go nowhere', () => {
  test('a home that does not exist is named', async () => {
    rmSync(node.home, { recursive: true });
    expect(await jetpack(['log', 'text'])).toEqual({
      exit: 1,
      out: '',
      err: `jetpack log: the home folder ${node.home} does not exist: name another with --home or JETPACK_HOME, and jetpackd is not running (home_unusable)\n`,
    });
    mkdirSync(node.home);
  });

  test('a spool that cannot be made is named', async () => {
    writeFileSync(path.join(node.home, 'run'), '');
    expect(await jetpack(['log', 'text'])).toMatchObject({ exit: 1, out: '', err: expect.stringContaining(`${node.home}/run is not a folder`) });
  });

  test.each([
    ['a file that does not exist', () => 'none', 'does not exist (file_unreadable)'],
    ['a folder', () => '.', 'is a folder (file_unreadable)'],
    [
      'a file that is too large',
      () => {
        writeFileSync(path.join(node.home, 'large'), '');
        truncateSync(path.join(node.home, 'large'), limits.userBody + 1);
        return 'large';
      },
      `has more than ${limits.userBody} bytes, the most that is allowed (message_too_large)`,
    ],
  ])('%s is named', async (_what, place, line) => {
    const file = path.join(node.home, place());
    expect(await jetpack(['send', '--file', file, '-r', 'a.b'])).toEqual({ exit: 1, out: '', err: `jetpack send: ${file} ${line}\n` });
    expect(existsSync(node.paths.run)).toBe(false);
  });

  test('endless standard input is read no further than a body may go', async () => {
    let taken = 0;
    const endless = {
      *[Symbol.iterator]() {
        for (; ; taken += 1) yield Buffer.alloc(64 * 1024);
      },
    };
    const seen = await jetpack(['send', '--file', '-', '-r', 'a.b'], { input: endless as unknown as Uint8Array[] });
    expect(seen).toMatchObject({ exit: 1, err: expect.stringContaining('(message_too_large)') });
    expect(taken).toBeLessThanOrEqual(limits.userBody / (64 * 1024));
  });

  test('text that is too large is refused before anything is written', async () => {
    expect(await jetpack(['log', 'x'.repeat(limits.event)])).toMatchObject({ exit: 1, err: expect.stringContaining('(message_too_large)') });
    expect(readdirSync(node.home)).toEqual([]);
  });

  test('a named pipe is read to its end', async () => {
    const requests = await node.daemon();
    const pipe = path.join(node.home, 'pipe');
    execFileSync('/usr/bin/mkfifo', [pipe]);
    const running = jetpack(['send', '--file', pipe, '-r', 'a.b']);
    await writeFile(pipe, 'through the pipe');
    expect(await running).toEqual(silence);
    expect(requests[0]).toMatchObject({ bodyBase64: Buffer.from('through the pipe').toString('base64') });
  });
});

test('usage is exit code 2 and one line, help and version are 0 and standard output', async () => {
  expect(await jetpack(['log'])).toEqual({ exit: 2, out: '', err: "jetpack log: missing required argument 'message'; see jetpack log --help\n" });
  expect(await jetpack(['-v'])).toEqual({ exit: 0, out: expect.stringMatching(/^\d+(\.\d+)+-\d+\n$/), err: '' });
  expect(await jetpack(['log', '-h'])).toEqual({ exit: 0, out: expect.stringMatching(/^Usage: jetpack log /), err: '' });
});
