import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { existsSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { silentLogger } from '../../effects/logger.ts';
import { requestSchemas, type LocalRequest } from '../../protocol/local.ts';
import { limits as protocolLimits } from '../../protocol/limits.ts';
import { listenLocal } from './listen.ts';
import type { HandleRequest } from './requests.ts';
import { helloLine, logRequest, uuid } from './testing/local-client.ts';
import { accepted, accepts, ask, client, clock, folder, listen, manual, paths, useListenStage } from './testing/listen-stage.ts';

useListenStage();

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
