// Messages of programs of the machine, by real HTTP on a loopback address.
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../effects/logger.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { requestSchema, type LocalReply, type LocalRequest } from '../../protocol/local.ts';
import { listenMessages, type MessagesListener } from './listen.ts';

const listeners: MessagesListener[] = [];
afterEach(async () => {
  for (const each of listeners.splice(0)) await each.close();
});

const message = (more: Readonly<Record<string, unknown>> = {}) => ({ cluster_name: 'lab', instance_id: 'i-1', timestamp: 5, type: 'log', data: { message: 'm' }, ...more });
const body = (...messages: readonly unknown[]): string => JSON.stringify({ messages });

const accepts = async ({ id }: LocalRequest): Promise<LocalReply> => ({ ok: true, id });

const begin = async (handle: (request: LocalRequest) => Promise<LocalReply> = accepts) => {
  const handled: LocalRequest[] = [];
  const clock = new ManualClock();
  const opened = await listenMessages(0, {
    speaker: { cluster: 'lab', node: 'n1', instances: ['i-1'] },
    handle: (request) => {
      expect(requestSchema.safeParse(request)).toMatchObject({ success: true });
      handled.push(request);
      return handle(request);
    },
    clock,
    logger: silentLogger,
  });
  if (!opened.ok) throw new Error(opened.error.message);
  const listener = opened.value;
  listeners.push(listener);
  const begun = (headers: Readonly<Record<string, string>> = {}, { method = 'POST', path = '/clusterlink/messages' } = {}) =>
    httpRequest({ port: listener.port, host: '127.0.0.1', method, path, agent: false, headers: { 'content-type': 'application/json', ...headers } });
  const post = async (sent: string, headers?: Readonly<Record<string, string>>, target?: { method?: string; path?: string }) => {
    const request = begun(headers, target);
    request.on('error', () => undefined);
    const answered = once(request, 'response');
    request.end(sent);
    const [response] = (await answered) as [IncomingMessage];
    const said: Buffer[] = [];
    for await (const chunk of response) said.push(chunk as Buffer);
    return { status: response.statusCode, type: response.headers['content-type'], said: JSON.parse(Buffer.concat(said).toString()) as unknown };
  };
  return { begun, clock, handled, listener, post };
};

const problem = (status: number, code: string) => ({ status, type: 'application/problem+json', said: expect.objectContaining({ code, status }) });

describe('messages that a program posts', () => {
  test('are requests for the gateway, in their order, answered 202 when all are accepted', async () => {
    const { handled, post } = await begin();
    const data = { level: 'error', message: 'm', exit_code: 3 };
    expect(await post(body(message({ data }), message({ type: 'test', data: { name: 't' } })))).toEqual({ status: 202, type: 'application/json', said: { accepted: 2 } });
    expect(handled).toMatchObject([
      { verb: 'log', at: 5_000, level: 'error', priority: 'high', message: 'm', details: { exit_code: 3 } },
      { verb: 'test', level: 'info', name: 't' },
    ]);
  });

  test('again have the same ids, by which they are known', async () => {
    const { handled, post } = await begin();
    for (const _ of [1, 2]) await post(body(message(), message()));
    expect(handled.slice(2)).toEqual(handled.slice(0, 2));
    expect(handled[0]?.id).not.toBe(handled[1]?.id);
  });

  test('say how the installation stands, and not what the host is called', async () => {
    const { handled, post } = await begin();
    await post(body(message({ type: 'installation', data: { status: 'warning', hostname: 'invented' } })));
    expect(handled).toMatchObject([{ verb: 'installation', status: 'warning' }]);
    expect(JSON.stringify(handled)).not.toContain('invented');
  });

  test.each([
    ['outbox_full', 503],
    ['timeout', 503],
    ['message_too_large', 413],
  ])('and are not accepted (%s) are answered %d, and those after them are not tried', async (code, status) => {
    const { handled, post } = await begin(async ({ id }) => ({ ok: false, id, code, message: 'why' }));
    expect(await post(body(message(), message()))).toMatchObject(problem(status, code));
    expect(handled).toHaveLength(1);
  });

  test('and find a defect are answered 500', async () => {
    const { post } = await begin(() => Promise.reject(new Error('a defect')));
    expect(await post(body(message()))).toMatchObject(problem(500, 'internal'));
  });
});

describe('nothing is accepted of a request', () => {
  test.each<readonly [string, string, object, number, string]>([
    ['that is not JSON', '{', {}, 400, 'request_invalid'],
    ['that is empty', '', {}, 400, 'request_invalid'],
    ['of an unknown type', body(message(), message({ type: 'config' })), {}, 400, 'request_invalid'],
    ['of another node', body(message(), message({ instance_id: 'i-2' })), {}, 403, 'identity_refused'],
    ['that is too large', body(message({ data: { message: 'x'.repeat(1024 * 1024) } })), {}, 413, 'message_too_large'],
    ['that is too large and does not say so', body(message({ data: { message: 'x'.repeat(1024 * 1024) } })), { 'transfer-encoding': 'chunked' }, 413, 'message_too_large'],
    ['of another content type', body(message()), { 'content-type': 'text/plain' }, 415, 'request_invalid'],
    ['from a page of another site', body(message()), { origin: 'http://site.invalid' }, 403, 'forbidden'],
    ['for a name that only pretends to be this machine', body(message()), { host: 'site.invalid:9080' }, 403, 'forbidden'],
  ])('%s', async (_what, sent, headers, status, code) => {
    const { handled, post } = await begin();
    expect(await post(sent, headers as Record<string, string>)).toMatchObject(problem(status, code));
    expect(handled).toEqual([]);
  });

  test('of another method, or for another path', async () => {
    const { handled, post } = await begin();
    expect(await post('', {}, { method: 'GET' })).toMatchObject(problem(405, 'request_invalid'));
    expect(await post(body(message()), {}, { path: '/run/jetpack.sock' })).toMatchObject(problem(404, 'request_invalid'));
    expect(handled).toEqual([]);
  });
});

describe('bounded is', () => {
  test('how often programs may post: a hundred times at once, then ten times a second', async () => {
    const { clock, handled, post } = await begin();
    for (let count = 0; count < 100; count += 1) expect((await post(body(message()))).status).toBe(202);
    expect(await post(body(message()))).toMatchObject(problem(429, 'busy'));
    await clock.advance(100);
    expect((await post(body(message()))).status).toBe(202);
    expect(handled).toHaveLength(101);
  });

  test('how many are under way: the seventeenth is told to try again', async () => {
    const waiting: Array<() => void> = [];
    const { handled, post } = await begin(async ({ id }) => {
      await new Promise<void>((resolve) => void waiting.push(resolve));
      return { ok: true, id };
    });
    const posts = Array.from({ length: 16 }, () => post(body(message())));
    await waitFor('all of them', () => handled.length === 16);
    expect(await post(body(message()))).toMatchObject(problem(503, 'busy'));
    for (const go of waiting) go();
    expect((await Promise.all(posts)).map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 202));
  });
});

describe('the listener', () => {
  test('is reached by loopback alone', async () => {
    const { listener } = await begin();
    const taken = createServer();
    // Another address of the machine's own network is free for somebody else.
    taken.listen(listener.port, '127.0.0.2');
    await once(taken, 'listening');
    expect(taken.listening).toBe(true);
    taken.close();
    await once(taken, 'close');
  });

  test('whose port is in use says so in one line', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const opened = await listenMessages(port, { speaker: { cluster: 'lab', node: 'n1', instances: [] }, handle: accepts, clock: new ManualClock(), logger: silentLogger });
    expect(opened).toEqual({ ok: false, error: { code: 'port_unavailable', message: `port ${port} of 127.0.0.1 is in use by another program` } });
    other.close();
  });

  test('that drains answers what is in flight, cuts what is only arriving, and listens no more', async () => {
    const go = Promise.withResolvers<void>();
    const { begun, handled, listener, post } = await begin(async ({ id }) => {
      await go.promise;
      return { ok: true, id };
    });
    const answered = post(body(message()));
    await waitFor('the request', () => handled.length === 1);
    const slow = begun({ 'content-length': '1000' });
    const cut = once(slow, 'error');
    slow.write('{');
    await waitFor('the slow one to be sent', () => slow.socket?.bytesWritten !== undefined && slow.socket.bytesWritten > 0);
    const drained = listener.drain();
    go.resolve();
    expect(await answered).toMatchObject({ status: 202 });
    await cut;
    await drained;
    await expect(post(body(message()))).rejects.toThrow();
  });
});
