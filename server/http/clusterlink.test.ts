// POST /clusterlink/messages, by real HTTP on a loopback address.
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { ManualClock } from '../../effects/manual-clock.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { ToldEvent } from '../../protocol/clusterlink-read.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { apiSources } from '../testing/api-sources.ts';
import { buildApp } from './app.ts';
import { httpLimits } from './limits.ts';

let app: FastifyInstance;
afterEach(() => app.close());

const speaker = { cluster: 'lab', node: 'n1', instances: ['i-1'] };
const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;
const right = basic('jetpack.lab.n1:se:cret');

const message = (more: Readonly<Record<string, unknown>> = {}) => ({ cluster_name: 'lab', instance_id: 'i-1', timestamp: '2024-05-06T07:08:09Z', type: 'log', data: { message: 'm' }, ...more });

const begin = async (answer: () => Promise<Result<number>> = async () => ok(1), bodyBytes = httpLimits.bodyBytes) => {
  const posted: Array<readonly ToldEvent[]> = [];
  const shown: Array<readonly [string, string]> = [];
  const clock = new ManualClock();
  const sources = apiSources({
    speaker: (user, password) => {
      shown.push([user, password]);
      if (user.startsWith('many.')) return ok({ ...speaker, node: user });
      if (user === 'off') return fail('enrolment_off', 'why');
      return user === 'jetpack.lab.n1' && password === 'se:cret' ? ok(speaker) : fail('identity_refused', 'why');
    },
    post: (from, events) => {
      expect(from).toEqual({ cluster: 'lab', node: 'n1' });
      posted.push(events);
      return answer();
    },
  });
  app = buildApp(sources, () => undefined, { ...httpLimits, bodyBytes }, clock);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const post = async (body: string, { authorization = right, type = 'application/json', method = 'POST' }: { authorization?: string; type?: string; method?: string } = {}) => {
    const headers = { 'content-type': type, ...(authorization === '' ? {} : { authorization }) };
    const response = await fetch(`${url}/clusterlink/messages`, { method, headers, ...(method === 'GET' ? {} : { body }) });
    const said = (await response.json()) as { code?: string; detail?: string };
    return { status: response.status, type: response.headers.get('content-type') ?? '', asks: response.headers.get('www-authenticate'), retry: response.headers.get('retry-after'), said };
  };
  return { clock, post, posted, shown, url };
};

const body = (...messages: readonly unknown[]): string => JSON.stringify({ messages });

const problem = (status: number, code: string) => ({ status, type: expect.stringContaining('application/problem+json'), said: expect.objectContaining({ code, status }) });

describe('messages of a node', () => {
  test('are answered 202 when they are stored, with how many were there before', async () => {
    const { post, posted, shown } = await begin(async () => ok(2));
    const data = { level: 'warn', message: 'm', exit_code: 254 };
    expect(await post(body(message({ data }), message({ type: 'test', data: { name: 't' } }), message({ type: 'installation', data: { status: 'warning' } })))).toMatchObject({ status: 202, said: { stored: 2, repeated: 1 } });
    expect(posted).toMatchObject([[{ kind: 'log', level: 'warn', priority: 'medium', details: { exit_code: 254 } }, { kind: 'test', name: 't' }, { kind: 'installation', status: 'warning' }]]);
    expect(shown).toEqual([['jetpack.lab.n1', 'se:cret']]);
  });

  test('that are sent again as they were have the same ids', async () => {
    const { post, posted } = await begin();
    for (const _ of [1, 2]) await post(body(message(), message()));
    expect(posted[1]).toEqual(posted[0]);
  });

  test.each([
    ['store_unwritable', 503],
    ['timeout', 503],
  ] as const)('that cannot be stored (%s) are answered %d', async (code, status) => {
    const { post } = await begin(async () => fail(code, 'why'));
    expect(await post(body(message()))).toMatchObject(problem(status, code));
  });
});

describe('nothing is stored of a request', () => {
  test.each([
    ['with no credentials', ''],
    ['with credentials of another kind', 'Bearer x'],
    ['with credentials that are no base64', 'Basic §'],
    ['with a user alone', basic('jetpack.lab.n1')],
    ['of nobody', basic(':se:cret')],
    ['with a wrong password', basic('jetpack.lab.n1:secret')],
    ['of an unknown node', basic('jetpack.lab.n2:se:cret')],
  ])('%s, which is asked who it is', async (_what, authorization) => {
    const { post, posted } = await begin();
    expect(await post(body(message()), { authorization })).toMatchObject({ ...problem(401, 'identity_refused'), asks: 'Basic realm="cycle-server", charset="UTF-8"' });
    expect(posted).toEqual([]);
  });

  test('to a server that makes no identities', async () => {
    const { post, posted } = await begin();
    expect(await post(body(message()), { authorization: basic('off:x') })).toMatchObject({ ...problem(409, 'enrolment_off'), asks: null });
    expect(posted).toEqual([]);
  });

  test.each([
    ['that is not JSON', '{"messages":', 400, 'request_invalid'],
    ['that is empty', '', 400, 'request_invalid'],
    ['of an unknown type', body(message(), message({ type: 'config' })), 400, 'request_invalid'],
    ['of another cluster', body(message(), message({ cluster_name: 'other' })), 403, 'identity_refused'],
    ['of another instance', body(message(), message({ instance_id: 'i-2' })), 403, 'identity_refused'],
    ['that is too large', body(message({ data: { message: 'x'.repeat(5_000) } })), 413, 'message_too_large'],
  ])('%s', async (_what, sent, status, code) => {
    const { post, posted } = await begin(undefined, 4_096);
    expect(await post(sent)).toMatchObject(problem(status, code));
    expect(posted).toEqual([]);
  });

  test('whose event would be larger than any', async () => {
    const { post, posted } = await begin(undefined, 8 * 1024 * 1024);
    expect(await post(body(message({ data: { message: 'x'.repeat(1024 * 1024) } })))).toMatchObject(problem(413, 'message_too_large'));
    expect(posted).toEqual([]);
  });

  test('of another content type, or another method', async () => {
    const { post, posted } = await begin();
    expect(await post(body(message()), { type: 'text/plain' })).toMatchObject(problem(415, 'request_invalid'));
    expect(await post('', { method: 'GET' })).toMatchObject(problem(405, 'request_invalid'));
    expect(posted).toEqual([]);
  });
});

describe('whose credentials they are', () => {
  const ask = async (url: string, authorization?: string, method = 'GET') => {
    const response = await fetch(`${url}/clusterlink/node`, { method, ...(authorization === undefined ? {} : { headers: { authorization } }) });
    return { status: response.status, asks: response.headers.get('www-authenticate'), allow: response.headers.get('allow'), said: await response.text() };
  };

  test('is answered to whoever has them, and stores nothing', async () => {
    const { posted, url } = await begin();
    expect(await ask(url, right)).toMatchObject({ status: 200, said: '{"cluster":"lab","node":"n1"}' });
    expect(await ask(url, right, 'HEAD')).toMatchObject({ status: 200, said: '' });
    expect(await ask(url, right, 'POST')).toMatchObject({ status: 405, allow: 'GET, HEAD' });
    expect(posted).toEqual([]);
  });

  test.each([
    ['without any', undefined, 401, 'identity_refused', 'Basic realm="cycle-server", charset="UTF-8"'],
    ['by a wrong password', basic('jetpack.lab.n1:secret'), 401, 'identity_refused', 'Basic realm="cycle-server", charset="UTF-8"'],
    ['by a server that knows none', basic('off:x'), 409, 'enrolment_off', null],
  ])('is not told %s', async (_what, authorization, status, code, asks) => {
    const { url } = await begin();
    const answer = await ask(url, authorization);
    expect(answer).toMatchObject({ status, asks });
    expect(JSON.parse(answer.said)).toMatchObject({ code });
  });
});

describe('bounded is', () => {
  test('how often a node may ask: sixty times at once, then once a second', async () => {
    const { clock, post, posted } = await begin();
    for (let count = 0; count < 60; count += 1) expect((await post(body(message()))).status).toBe(202);
    expect(await post(body(message()))).toMatchObject({ ...problem(429, 'busy'), retry: '1' });
    await clock.advance(1_000);
    expect(await post(body(message()))).toMatchObject({ status: 202, retry: null });
    expect(posted).toHaveLength(61);
  });

  test('what is read of somebody whom nobody knows: nothing', async () => {
    const { url } = await begin();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write('POST /clusterlink/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
    await once(socket, 'close');
  });

  test('how many are read at a time', async () => {
    const { post, shown, url } = await begin();
    const slow = Array.from({ length: 64 }, (_, number) => {
      const headers = { authorization: basic(`many.${number}:x`), 'content-type': 'application/json', 'content-length': 100 };
      const request = httpRequest(`${url}/clusterlink/messages`, { method: 'POST', headers, agent: false });
      request.on('error', () => undefined);
      request.flushHeaders();
      return request;
    });
    await waitFor('all of them to be there', () => shown.length === 64);
    expect(await post(body(message()))).toMatchObject({ ...problem(503, 'busy'), retry: '1' });
    for (const each of slow) each.destroy();
    await waitFor('room', async () => (await post(body(message()))).status === 202);
  });
});
