import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../effects/logger.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { requestSchemas, type LocalReply, type LocalRequest } from '../../protocol/local.ts';
import { limits as protocolLimits } from '../../protocol/limits.ts';
import { localLimits, type LocalLimits } from './limits.ts';
import { listenLocal, type LocalListener } from './listen.ts';
import type { Caller, HandleRequest } from './requests.ts';
import { helloLine, LocalClient, logRequest, uuid } from './testing/local-client.ts';

let folder: string;
let clock: ManualClock;
let open: Array<{ close(): Promise<void> }>;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sockets-'));
  clock = new ManualClock();
  open = [];
});

afterEach(async () => {
  for (const each of open.toReversed()) await each.close();
  rmSync(folder, { recursive: true });
});

const paths = () => ({
  cluster: path.join(folder, 'jetpack.sock'),
  admin: path.join(folder, 'admin.sock'),
  front: path.join(folder, 'front.sock'),
  frontAdmin: path.join(folder, 'front-admin.sock'),
});

const accepts: HandleRequest = (request) => Promise.resolve({ ok: true, id: request.id, result: null });

const listen = async (handle: HandleRequest = accepts, limits: Partial<LocalLimits> = {}): Promise<LocalListener> => {
  const listener = await listenLocal({ paths: paths(), home: folder, handle, limits: { ...localLimits, ...limits }, clock, logger: silentLogger });
  if (!listener.ok) throw new Error(listener.error.message);
  open.push(listener.value);
  return listener.value;
};

const client = (socket: Caller['socket'] = 'cluster'): LocalClient => {
  const made = new LocalClient(paths()[socket]);
  open.push(made);
  return made;
};

/** Sends a handshake and a request on a connection of its own. */
const ask = async (request: string, socket?: Caller['socket']): Promise<LocalReply | undefined> => {
  const asking = client(socket);
  await asking.send(helloLine + request);
  const reply = await asking.next();
  await asking.close();
  return reply;
};

const accepted = (number: number) => ({ ok: true, id: uuid(number), result: null });

/** A handler whose answers the test gives. */
const manual = () => {
  const waiting: Array<{ request: LocalRequest; answer: (reply: LocalReply) => void }> = [];
  const arrivals: Array<() => void> = [];
  const handle: HandleRequest = (request) =>
    new Promise((answer) => {
      waiting.push({ request, answer });
      for (const arrive of arrivals.splice(0)) arrive();
    });
  /** Resolves when at least `count` requests have arrived. */
  const arrived = async (count: number): Promise<void> => {
    while (waiting.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
  };
  const answer = (index: number): void => {
    const { request, answer } = waiting[index]!;
    answer({ ok: true, id: request.id, result: null });
  };
  return { handle, waiting, arrived, answer };
};

describe('the sockets as files', () => {
  test('both have their final permissions under any umask', async () => {
    const before = process.umask(0);
    try {
      await listen();
    } finally {
      process.umask(before);
    }
    expect(statSync(paths().cluster).mode & 0o777).toBe(0o660);
    expect(statSync(paths().admin).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(before);
  });

  test('what a dead daemon left behind is replaced', async () => {
    // A socket file without a listener is what kill -9 leaves.
    const dead = createServer().listen(path.join(folder, 'bound-here'));
    await once(dead, 'listening');
    renameSync(path.join(folder, 'bound-here'), paths().cluster);
    dead.close();
    await once(dead, 'close');
    expect(existsSync(paths().cluster)).toBe(true);
    await listen();
    expect(await ask(logRequest(1))).toEqual(accepted(1));
  });

  test('a socket that another process serves is left alone', async () => {
    await listen();
    const second = await listenLocal({ paths: paths(), home: folder, handle: accepts, clock, logger: silentLogger });
    expect(second).toMatchObject({ ok: false, error: { code: 'already_running' } });
    expect(await ask(logRequest(1))).toEqual(accepted(1));
  });

  test.each([
    ['a file', () => writeFileSync(paths().admin, 'precious')],
    ['a link', () => symlinkSync('/dev/null', paths().admin)],
  ])('%s in the way is never removed, and the other socket is given back', async (_what, place) => {
    place();
    const listener = await listenLocal({ paths: paths(), home: folder, handle: accepts, clock, logger: silentLogger });
    expect(listener).toMatchObject({ ok: false, error: { code: 'home_unusable', message: `${paths().admin} is in the way: it is not a socket` } });
    expect(existsSync(paths().admin)).toBe(true);
    expect(existsSync(paths().cluster)).toBe(false);
  });

  test('a folder that is missing is one coded answer', async () => {
    const missing = { ...paths(), cluster: path.join(folder, 'none', 'a') };
    const listener = await listenLocal({ paths: missing, home: folder, handle: accepts, clock, logger: silentLogger });
    expect(listener).toMatchObject({ ok: false, error: { code: 'home_unusable' } });
  });

  test('closing removes all', async () => {
    const listener = await listen();
    await listener.close();
    expect(Object.values(paths()).filter((file) => existsSync(file))).toEqual([]);
  });
});

describe('requests', () => {
  test('the handler gets the request as it was sent', async () => {
    const heard: unknown[] = [];
    await listen((request) => {
      heard.push(request);
      return Promise.resolve({ ok: true, id: request.id, result: null });
    });
    await ask(logRequest(1, 'hello'), 'admin');
    expect(heard).toEqual([{ id: uuid(1), verb: 'log', at: 1, level: 'info', priority: 'medium', message: 'hello' }]);
  });

  test('many on one connection are each answered under their id, in whichever order they are done', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle);
    const asking = client();
    await asking.send(helloLine + logRequest(1) + logRequest(2) + logRequest(3));
    await arrived(3);
    for (const index of [2, 0, 1]) answer(index);
    expect([await asking.next(), await asking.next(), await asking.next()]).toEqual([accepted(3), accepted(1), accepted(2)]);
  });

  test('ten thousand piped through one connection are all answered', async () => {
    await listen();
    const asking = client();
    const count = 10_000;
    void asking.send(helloLine + Array.from({ length: count }, (_none, index) => logRequest(index)).join(''));
    for (let index = 0; index < count; index += 1) expect(await asking.next()).toEqual(accepted(index));
  });

  test('a body of the full size passes', async () => {
    let length = 0;
    await listen((request) => {
      length = request.verb === 'send' ? request.bodyBase64.length : 0;
      return Promise.resolve({ ok: true, id: request.id, result: null });
    });
    const bodyBase64 = Buffer.alloc(protocolLimits.userBody, 'x').toString('base64');
    const request = { id: uuid(1), verb: 'send', at: 1, routingKey: 'a.b', contentType: 'text/plain', bodyBase64 };
    expect(await ask(`${JSON.stringify(request)}\n`)).toEqual(accepted(1));
    expect(length).toBe(bodyBase64.length);
  });

  test('inspect is served on the admin socket and forbidden on the other', async () => {
    await listen();
    const inspect = `${JSON.stringify({ id: uuid(1), verb: 'inspect' })}\n`;
    expect(await ask(inspect, 'admin')).toEqual(accepted(1));
    expect(await ask(inspect, 'cluster')).toMatchObject({ ok: false, id: uuid(1), code: 'forbidden' });
  });

  test.each([
    ['not JSON', 'garbage\n', { message: 'the request is not JSON' }],
    ['an empty line', '\n', { message: 'the request is not JSON' }],
    ['not an object', '[]\n', { message: 'the request has no verb' }],
    ['no verb', `{"id":"${uuid(9)}"}\n`, { id: uuid(9), message: 'the request has no verb' }],
    ['an unknown verb', `{"id":"${uuid(9)}","verb":"reboot"}\n`, { id: uuid(9), message: `the request has an unknown verb: known are ${Object.keys(requestSchemas).join(', ')}` }],
    ['a verb that every object has', `{"id":"${uuid(9)}","verb":"constructor"}\n`, { id: uuid(9), message: `the request has an unknown verb: known are ${Object.keys(requestSchemas).join(', ')}` }],
    ['a missing field', `{"id":"${uuid(9)}","verb":"log","at":1,"level":"info","priority":"low"}\n`, { id: uuid(9), message: expect.stringMatching(/^the log request is wrong at message: /) }],
    ['an id that is none', `{"id":"x","verb":"inspect"}\n`, { message: 'the inspect request is wrong at id: not a UUID in lower case' }],
    ['deep nesting', `${'['.repeat(1_000_000)}\n`, { message: 'the request nests deeper than 64 levels' }],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22, 0x0a]), { message: 'the request is not valid UTF-8' }],
  ])('%s is answered as such, and the connection serves on', async (_what, bytes, expected) => {
    await listen();
    const asking = client();
    await asking.send(helloLine);
    await asking.send(bytes);
    expect(await asking.next()).toEqual({ ok: false, code: 'request_invalid', ...expected });
    await asking.send(logRequest(1));
    expect(await asking.next()).toEqual(accepted(1));
  });

  test('keys that name the prototype change nothing', async () => {
    let heard: LocalRequest | undefined;
    await listen((request) => {
      heard = request;
      return Promise.resolve({ ok: true, id: request.id, result: null });
    });
    const evil = logRequest(1).replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},');
    expect(await ask(evil)).toEqual(accepted(1));
    expect(Object.getPrototypeOf(heard)).toBe(Object.prototype);
    expect(heard).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('boom'))],
    ['throws', (): never => { throw new Error('boom'); }],
    ['answers what JSON cannot say', () => Promise.resolve({ ok: true as const, id: uuid(1), result: 1n })],
  ])('a handler that %s is answered as a defect', async (_how, handle: HandleRequest) => {
    await listen(handle);
    expect(await ask(logRequest(1))).toMatchObject({ ok: false, id: uuid(1), code: 'internal' });
  });
});

describe('the handshake', () => {
  test.each([
    ['newer versions only', '{"jetpack":{"min":2,"max":3}}\n', 'handshake_unsupported'],
    ['garbage', 'GET / HTTP/1.1\r\n', 'request_invalid'],
    ['a request in its place', logRequest(1), 'request_invalid'],
  ])('%s: a coded answer, then the end', async (_what, line, code) => {
    await listen();
    const asking = client();
    await asking.send(line);
    expect(await asking.next()).toMatchObject({ ok: false, code });
    expect(await asking.next()).toBeUndefined();
  });

  test('a range that includes our version is served', async () => {
    await listen();
    const asking = client();
    await asking.send(`{"jetpack":{"min":0,"max":9,"later":true}}\n${logRequest(1)}`);
    expect(await asking.next()).toEqual(accepted(1));
  });
});

describe('hostile clients', () => {
  /** Writes until the other side refuses; how many bytes it took. */
  const pour = async (asking: LocalClient, bytes: number): Promise<number> => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let sent = 0;
    try {
      for (; sent < bytes; sent += chunk.length) await asking.send(chunk);
    } catch {
      // Refused, as it should be.
    }
    return sent;
  };

  test('a line of one gigabyte is refused early, costs bounded memory and holds up no one', async () => {
    await listen();
    const gigabyte = 1024 ** 3;
    const before = process.memoryUsage.rss();
    const hogs = Array.from({ length: 4 }, () => client());
    const poured = Promise.all(
      hogs.map(async (hog) => {
        await hog.send(helloLine);
        return pour(hog, gigabyte);
      }),
    );
    expect(await ask(logRequest(1))).toEqual(accepted(1));
    for (const sent of await poured) expect(sent).toBeLessThan(2 * protocolLimits.line);
    for (const hog of hogs) expect(await hog.next()).toMatchObject({ ok: false, code: 'message_too_large' });
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 * 1024);
    expect(await ask(logRequest(2))).toEqual(accepted(2));
  });

  test('a line of exactly the limit is read, one byte more is refused', async () => {
    await listen(accepts, { line: 1000 });
    const line = (length: number): string => `${logRequest(1).trimEnd().padEnd(length)}\n`;
    expect(await ask(line(1000))).toEqual(accepted(1));
    expect(await ask(line(1001))).toMatchObject({ ok: false, code: 'message_too_large' });
  });

  test('unfinished lines of all clients together stay within their memory, and small requests still pass', async () => {
    const share = 256 * 1024;
    await listen(accepts, { sharedMemory: share });
    const hogs = Array.from({ length: 20 }, () => client());
    for (const hog of hogs) void hog.send(helloLine + 'x'.repeat(60_000)).catch(() => undefined);
    const refused = hogs.map((hog) => hog.next());
    // Four of 64 KiB fit in the share; the others are told so.
    expect(await Promise.race(refused)).toMatchObject({ ok: false, code: 'busy' });
    expect(await ask(logRequest(1))).toEqual(accepted(1));
    for (const hog of hogs) await hog.close();
    await Promise.all(refused);
    expect(await ask(logRequest(2, 'y'.repeat(100_000)))).toEqual(accepted(2));
  });

  test('memory of requests in flight counts too, and is given back with the answer', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle, { sharedMemory: 70_000 });
    const holding = client();
    await holding.send(helloLine + logRequest(1, 'x'.repeat(60_000)));
    await arrived(1);
    expect(await ask(logRequest(2, 'x'.repeat(60_000)))).toMatchObject({ ok: false, code: 'busy' });
    answer(0);
    expect(await holding.next()).toEqual(accepted(1));
    const after = client();
    await after.send(helloLine + logRequest(3, 'x'.repeat(60_000)));
    await arrived(2);
    answer(1);
    expect(await after.next()).toEqual(accepted(3));
  });

  test('a client that drips its handshake is told off when its time is up, however busily it drips', async () => {
    await listen();
    const slow = client();
    for (const byte of helloLine.slice(0, 10)) {
      await slow.send(byte);
      await clock.advance(400);
    }
    await clock.advance(6000);
    expect(await slow.next()).toMatchObject({ ok: false, code: 'timeout' });
    expect(await slow.next()).toBeUndefined();
  });

  test('a request sent byte by byte is served when it ends in time', async () => {
    await listen();
    const slow = client();
    for (const byte of helloLine + logRequest(1)) await slow.send(byte);
    expect(await slow.next()).toEqual(accepted(1));
  });

  test('a request that does not end in time is refused, and others are served meanwhile', async () => {
    await listen();
    const slow = client();
    await slow.send(helloLine + logRequest(1));
    expect(await slow.next()).toEqual(accepted(1));
    await slow.send('{"id":');
    // The byte count is not visible from outside, so the server is known to have read it when it answers another.
    expect(await ask(logRequest(2))).toEqual(accepted(2));
    await clock.advance(localLimits.lineMs + 2000);
    expect(await slow.next()).toMatchObject({ ok: false, code: 'timeout' });
  });

  test('an idle connection ends quietly', async () => {
    await listen();
    const idle = client();
    await idle.send(helloLine + logRequest(1));
    await idle.next();
    await clock.advance(localLimits.idleMs + 2000);
    expect(await idle.next()).toBeUndefined();
  });

  test('a connection that waits for its answer is not idle', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle);
    const patient = client();
    await patient.send(helloLine + logRequest(1));
    await arrived(1);
    await clock.advance(3 * localLimits.idleMs);
    answer(0);
    expect(await patient.next()).toEqual(accepted(1));
  });

  test('a client that never reads its answers is not read further, and closed in the end', async () => {
    let handled = 0;
    await listen((request) => {
      handled += 1;
      return Promise.resolve({ ok: true, id: request.id, result: 'x'.repeat(100_000) });
    });
    const deaf = client();
    await deaf.send(helloLine);
    deaf.socket.pause();
    const many = Array.from({ length: 2000 }, (_none, index) => logRequest(index)).join('');
    void deaf.send(many).catch(() => undefined);
    expect(await ask(logRequest(9999))).toMatchObject({ ok: true });
    await clock.advance(localLimits.answerMs + 2000);
    deaf.socket.resume();
    await deaf.closed;
    expect(handled).toBeLessThan(200);
  });

  test('at most the allowed number of requests is in flight; the rest wait unread', async () => {
    const { handle, waiting, arrived, answer } = manual();
    await listen(handle, { inFlight: 2 });
    const asking = client();
    await asking.send(helloLine + logRequest(1) + logRequest(2) + logRequest(3));
    await arrived(2);
    expect(await ask('garbage\n')).toMatchObject({ code: 'request_invalid' });
    expect(waiting).toHaveLength(2);
    answer(0);
    await arrived(3);
    answer(1);
    answer(2);
    expect([await asking.next(), await asking.next(), await asking.next()].map((reply) => reply?.id)).toEqual([uuid(1), uuid(2), uuid(3)]);
  });

  test('a thousand clients at once are all served', async () => {
    await listen();
    const replies = await Promise.all(Array.from({ length: 1000 }, (_none, index) => ask(logRequest(index))));
    expect(replies).toEqual(replies.map((_reply, index) => accepted(index)));
  });

  test('a thousand clients that say nothing keep no one out: the idlest gives way and is told', async () => {
    await listen(accepts, { connections: 100 });
    const served = client();
    await served.send(helloLine + logRequest(1));
    expect(await served.next()).toEqual(accepted(1));
    const silent = Array.from({ length: 1000 }, () => client());
    await Promise.all(silent.map((each) => once(each.socket, 'connect')));
    expect(await ask(logRequest(2))).toEqual(accepted(2));
    expect(await silent[0]!.next()).toMatchObject({ ok: false, code: 'busy' });
    // The one that has been served before keeps its place.
    await served.send(logRequest(3));
    expect(await served.next()).toEqual(accepted(3));
  });

  test('when every connection waits for an answer a newcomer is told to come again', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle, { connections: 2 });
    const waiting = [client(), client()];
    for (const [index, each] of waiting.entries()) await each.send(helloLine + logRequest(index));
    await arrived(2);
    expect(await client().next()).toMatchObject({ ok: false, code: 'busy' });
    answer(0);
    expect(await waiting[0]!.next()).toEqual(accepted(0));
    expect(await ask('garbage\n')).toMatchObject({ code: 'request_invalid' });
  });

  test('a client that vanishes before its answer harms no one', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle);
    const leaving = client();
    await leaving.send(helloLine + logRequest(1));
    await arrived(1);
    await leaving.close();
    answer(0);
    expect(await ask('garbage\n')).toMatchObject({ code: 'request_invalid' });
  });

  test('a client that ends its input with its last request still gets the answer', async () => {
    const { handle, arrived, answer } = manual();
    await listen(handle);
    const asking = client();
    asking.socket.end(helloLine + logRequest(1));
    await arrived(1);
    answer(0);
    expect(await asking.next()).toEqual(accepted(1));
    expect(await asking.next()).toBeUndefined();
  });

  test('input that ends inside a line is refused', async () => {
    await listen();
    const asking = client();
    asking.socket.end(helloLine + logRequest(1).trimEnd());
    expect(await asking.next()).toMatchObject({ ok: false, code: 'request_invalid', message: 'the last line does not end' });
  });
});

describe('stopping', () => {
  test('drain answers what is in flight, refuses what comes after, and ends', async () => {
    const { handle, arrived, answer } = manual();
    const listener = await listen(handle);
    const asking = client();
    const idle = client();
    await idle.send(helloLine);
    await asking.send(helloLine + logRequest(1));
    await arrived(1);
    const drained = listener.drain();
    expect(await idle.next()).toBeUndefined();
    expect(existsSync(paths().cluster)).toBe(false);
    await asking.send(logRequest(2));
    expect(await asking.next()).toMatchObject({ ok: false, id: uuid(2), code: 'busy' });
    answer(0);
    expect(await asking.next()).toEqual(accepted(1));
    expect(await asking.next()).toBeUndefined();
    await drained;
  });

  test('close ends at once, also during a drain that a handler holds up', async () => {
    const { handle, arrived } = manual();
    const listener = await listen(handle);
    const asking = client();
    await asking.send(helloLine + logRequest(1));
    await arrived(1);
    const drained = listener.drain();
    await listener.close();
    await drained;
    expect(await asking.next()).toBeUndefined();
    expect(clock.armed).toBe(0);
  });

  test('the paths can be listened on again', async () => {
    await (await listen()).close();
    await listen();
    expect(await ask(logRequest(1))).toEqual(accepted(1));
  });
});

describe('a request that takes long', () => {
  test('has its lines told as they come, each under its id, before its answer', async () => {
    const { promise: told, resolve: tell } = Promise.withResolvers<void>();
    await listen(async (request, { progress }) => {
      progress('one');
      progress('two\nlines');
      await told;
      return { ok: true, id: request.id, result: null };
    });
    const asking = client();
    await asking.send(helloLine + logRequest(1));
    expect([await asking.next(), await asking.next()]).toEqual([
      { id: uuid(1), progress: 'one' },
      { id: uuid(1), progress: 'two\nlines' },
    ]);
    tell();
    expect(await asking.next()).toEqual(accepted(1));
  });

  test('learns that its client has gone, and what it tells then harms nothing', async () => {
    const { promise: left, resolve: leave } = Promise.withResolvers<string>();
    await listen(async (request, { gone, progress }) => {
      await once(gone, 'abort');
      progress('to nobody');
      leave(request.id);
      return { ok: true, id: request.id, result: null };
    });
    const asking = client();
    await asking.send(helloLine + logRequest(1));
    await asking.close();
    expect(await left).toBe(uuid(1));
    expect(await ask(logRequest(2).replace('log', 'inspect'))).toMatchObject({ ok: false });
  });
});
