// Clients that mean harm, or are broken: what they cost is bounded, and others are served.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { StoredEvent } from '../../actors/server/ports.ts';
import type { NodeView } from '../../actors/server/roster.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { apiSources } from '../testing/api-sources.ts';
import { buildApp, type ApiSources } from './app.ts';
import { httpLimits, type HttpLimits } from './limits.ts';

let app: FastifyInstance;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await app.close();
});

const begin = async (limits: Partial<HttpLimits> = {}, more: Partial<ApiSources> = {}) => {
  app = buildApp(apiSources(more), () => undefined, { ...httpLimits, ...limits });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const open = (): { readonly socket: Socket; readonly heard: () => string; readonly closed: Promise<unknown> } => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.push(socket);
    let heard = '';
    socket.setEncoding('latin1').on('data', (text: string) => (heard += text));
    socket.on('error', () => undefined);
    return { socket, heard: () => heard, closed: new Promise((resolve) => void socket.once('close', resolve)) };
  };
  const get = async (path: string): Promise<number> => (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) })).status;
  return { get, open, url };
};

/** Writes until it is cut off; how many bytes the other side let go by. */
const flood = async (socket: Socket, head: string, total: number): Promise<number> => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  socket.write(head);
  let written = 0;
  while (written < total && !socket.destroyed) {
    written += chunk.length;
    if (socket.write(chunk)) continue;
    await new Promise((resolve) => {
      for (const event of ['drain', 'close']) socket.once(event, resolve);
    });
  }
  return written;
};

const gigabyte = 1024 ** 3;
/** What the kernel may hold of a loopback connection, both ends together, and more. */
const buffers = 64 * 1024 ** 2;

const problemIn = (heard: string): unknown => JSON.parse(heard.slice(heard.indexOf('\r\n\r\n')));

describe('a request that never ends', () => {
  test.each([
    ['a path', 'GET /'],
    ['a query', 'GET /api/events?node='],
    ['a header', 'GET /api/nodes HTTP/1.1\r\nHost: h\r\nX: '],
  ])('in %s is cut off', async (_where, head) => {
    const { get, open } = await begin();
    const { closed, socket } = open();
    expect(await flood(socket, head, gigabyte)).toBeLessThan(buffers);
    await closed;
    expect(await get('/api/nodes')).toBe(200);
  });

  test('is told beyond 16 KiB of line and headers that they are too large', async () => {
    const { open } = await begin();
    const { closed, heard, socket } = open();
    socket.write(`GET /api/nodes HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(16 * 1024)}`);
    await closed;
    expect(heard()).toContain('HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/problem+json');
    expect(problemIn(heard())).toMatchObject({ status: 431, code: 'request_invalid', detail: 'the request line and headers are too large' });
  });

  test('in its body is answered without it, and cut off', async () => {
    const { get, open } = await begin();
    const { closed, socket } = open();
    expect(await flood(socket, `POST /api/nodes HTTP/1.1\r\nHost: h\r\nContent-Length: ${gigabyte}\r\n\r\n`, gigabyte)).toBeLessThan(buffers);
    await closed;
    expect(await get('/api/nodes')).toBe(200);
  });

  test('in chunks of a body that is not read is cut off in time', async () => {
    const { closed, socket } = (await begin({ headersMs: 50, requestMs: 100, lookMs: 20 })).open();
    const drip = setInterval(() => socket.write('1\r\nx\r\n'), 10);
    socket.write('GET /api/nodes HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
    await closed;
    clearInterval(drip);
    expect(socket.destroyed).toBe(true);
  });
});

describe('a body that is read', () => {
  const head = (more: string): string => `POST /api/commands HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n${more}\r\n\r\n`;

  test('and says it is a gigabyte is refused before it comes, and cut off', async () => {
    const { get, open } = await begin();
    const { closed, heard, socket } = open();
    expect(await flood(socket, head(`Content-Length: ${gigabyte}`), gigabyte)).toBeLessThan(buffers);
    await closed;
    expect(heard()).toContain('413 Payload Too Large');
    expect(await get('/api/nodes')).toBe(200);
  });

  test('in chunks without an end is cut off at a megabyte', async () => {
    const { get, open } = await begin();
    const { closed, socket } = open();
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    socket.write(head('Transfer-Encoding: chunked'));
    let written = 0;
    while (written < buffers && !socket.destroyed) {
      written += chunk.length;
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
    }
    await closed;
    expect(await get('/api/nodes')).toBe(200);
  });

  test('and drips is cut off in time', async () => {
    const { closed, socket } = (await begin({ headersMs: 50, requestMs: 100, lookMs: 20 })).open();
    const drip = setInterval(() => socket.write(' '), 10);
    socket.write(head('Content-Length: 1000'));
    await closed;
    clearInterval(drip);
    expect(socket.destroyed).toBe(true);
  });

  test('keeps others that change something waiting only so far: one too many is turned away', async () => {
    const { open } = await begin({ writes: 2 });
    const slow = [open(), open()];
    for (const { socket } of slow) socket.write(head('Content-Length: 1000'));
    // A request is under way from its headers on; the listener takes these three in the order they were written.
    await Promise.all(slow.map(({ socket }) => once(socket, 'connect').catch(() => undefined)));
    await waitFor('one more is turned away', async () => {
      const { closed, heard, socket } = open();
      socket.write(head('Content-Length: 0'));
      await waitFor('it is answered', () => heard().includes('\r\n\r\n'));
      socket.destroy();
      await closed;
      return heard().includes('503 Service Unavailable');
    });
    for (const { socket } of slow) socket.destroy();
    await waitFor('there is room again', async () => {
      const { closed, heard, socket } = open();
      socket.write(head('Content-Length: 0'));
      await waitFor('it is answered', () => heard().includes('\r\n\r\n'));
      socket.destroy();
      await closed;
      return heard().includes('400 Bad Request');
    });
  });
});

describe('a client that takes its time', () => {
  test('over its headers is cut off with a problem, however busy it looks', async () => {
    const { open } = await begin({ headersMs: 50, requestMs: 100, lookMs: 20 });
    const { closed, heard, socket } = open();
    socket.write('GET /api/nodes HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('X: y\r\n'), 10);
    await closed;
    clearInterval(drip);
    expect(problemIn(heard())).toMatchObject({ status: 408, code: 'request_invalid', detail: 'the request did not arrive in time' });
  });

  test('and says nothing is cut off', async () => {
    const { closed } = (await begin({ silenceMs: 50 })).open();
    await expect(closed).resolves.toBeDefined();
  });

  test('to take an answer holds up others only while too much waits, and never the health', async () => {
    const big = { message: 'm'.repeat(buffers) } as StoredEvent;
    const { get, open } = await begin({ untakenBytes: 1024 ** 2 }, { events: () => [big] });
    const { closed, socket } = open();
    socket.pause();
    socket.write('GET /api/events HTTP/1.1\r\nHost: h\r\n\r\n');
    await waitFor('others are refused', async () => (await get('/api/nodes')) === 503);
    expect(await get('/healthz')).toBe(200);
    socket.destroy();
    await closed;
    await waitFor('others are served', async () => (await get('/api/nodes')) === 200);
  });
});

test.each(['\0\0\0\0\r\n\r\n', 'nonsense\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'GET /api/nodes HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'])(
  'what is not HTTP (%j) is refused with a problem',
  async (text) => {
    const { open } = await begin();
    const { closed, heard, socket } = open();
    socket.write(text);
    await closed;
    expect(problemIn(heard())).toMatchObject({ status: 400, code: 'request_invalid' });
  },
);

describe('connections', () => {
  test('of which 1,000 come at once and say nothing keep nobody out', async () => {
    const { get, open } = await begin();
    const opened = Array.from({ length: 1_000 }, open);
    await Promise.all(opened.map(({ socket }) => once(socket, 'connect')));
    expect(await Promise.all(Array.from({ length: 20 }, () => get('/api/nodes')))).toEqual(Array(20).fill(200));
    const isOpen = ({ socket }: (typeof opened)[number]): boolean => !socket.destroyed;
    await waitFor('the excess is closed', () => opened.filter(isOpen).length <= httpLimits.connections);
  });

  test('that wait for their next request give way, the longest idle first', async () => {
    const { open } = await begin({ connections: 2 });
    const [first, second] = [open(), open()];
    await Promise.all([first, second].map(({ socket }) => once(socket, 'connect')));
    first.socket.write('GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n');
    await waitFor('the first is answered', () => first.heard().includes('200 OK'));
    const third = open();
    await second.closed;
    expect([first.socket.destroyed, third.socket.destroyed]).toEqual([false, false]);
  });

  test('beyond those that are all being answered are turned away, and served when one is done', async () => {
    const answers: Array<(result: Result<readonly NodeView[]>) => void> = [];
    const { get, open } = await begin({ connections: 1 }, { nodes: () => new Promise((resolve) => answers.push(resolve)) });
    const busy = open();
    busy.socket.write('GET /api/nodes HTTP/1.1\r\nHost: h\r\n\r\n');
    await waitFor('it is being answered', () => answers.length === 1);
    await expect(get('/healthz')).rejects.toThrow();
    answers[0]?.(ok([]));
    await waitFor('it is answered', () => busy.heard().includes('200 OK'));
    expect(await get('/healthz')).toBe(200);
  });
});
