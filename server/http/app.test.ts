import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { EventQuery, StoredEvent } from '../../actors/server/ports.ts';
import type { NodeView } from '../../actors/server/roster.ts';
import { nodeRecord } from '../../actors/server/testing/records.ts';
import { fail, ok } from '../../protocol/result.ts';
import type { ConnectionState } from '../../transport/port.ts';
import { apiSources } from '../testing/api-sources.ts';
import { buildApp, type ApiSources } from './app.ts';

const event: StoredEvent = {
  cluster: 'lab',
  node: 'n1',
  position: 7,
  stream: 's',
  lane: 'report',
  sequence: 1,
  id: undefined,
  kind: 'log',
  at: 1,
  receivedAt: 2,
  level: 'info',
  priority: 'low',
  message: 'm',
  raw: '{}',
  problem: undefined,
};

const { terminations: _terminations, ...record } = nodeRecord();
const view: NodeView = { ...record, roles: ['login'], identity: 'active', termination: undefined, configuration: 5, link: 'online', lastSeenAt: 4, outbox: 0 };

let app: FastifyInstance;
afterEach(() => app.close());

const begin = (more: Partial<ApiSources> = {}) => {
  const asked: EventQuery[] = [];
  const defects: unknown[] = [];
  const sources = apiSources({
    nodes: () => Promise.resolve(ok([view])),
    events: (query) => {
      asked.push(query);
      return [event];
    },
    ...more,
  });
  app = buildApp(sources, (error) => void defects.push(error));
  type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS';
  const request = async (url: string, method: Method = 'GET', more: { headers?: Record<string, string>; payload?: string } = {}) => {
    const { body, headers, statusCode } = await app.inject({ url, method, ...more });
    return { status: statusCode, type: headers['content-type'], allow: headers.allow, body: body === '' ? undefined : (JSON.parse(body) as unknown) };
  };
  return { asked, defects, request };
};

const problem = (status: number, title: string, code: string, detail: unknown) => ({
  status,
  type: expect.stringContaining('application/problem+json'),
  body: { type: 'about:blank', title, status, code, detail },
});

const json = expect.stringContaining('application/json');

describe('the roster', () => {
  test('is a list of nodes', async () => {
    const { request } = begin();
    expect(await request('/api/nodes')).toMatchObject({ status: 200, type: json, body: { nodes: [{ node: 'n1', phase: 'ready', roles: ['login'], configuration: 5, link: 'online', lastSeenAt: 4 }] } });
  });

  test('that cannot be had in time is a problem with its code', async () => {
    const { defects, request } = begin({ nodes: () => Promise.resolve(fail('timeout', 'server/roster did not answer within 5000 ms')) });
    expect(await request('/api/nodes')).toMatchObject(problem(503, 'Service Unavailable', 'timeout', 'server/roster did not answer within 5000 ms'));
    expect(defects).toEqual([]);
  });
});

describe('the event log', () => {
  test.each<readonly [string, EventQuery]>([
    ['', { limit: 100 }],
    ['?after=0', { limit: 100, after: 0 }],
    ['?after=9007199254740991&limit=1000', { limit: 1_000, after: 9_007_199_254_740_991 }],
    ['?cluster=lab%20a&node=n1', { limit: 100, cluster: 'lab a', node: 'n1' }],
    ['?priority=high', { limit: 100, priority: 'high' }],
  ])('is asked what %j says', async (query, expected) => {
    const { asked, request } = begin();
    expect(await request(`/api/events${query}`)).toMatchObject({ status: 200, type: json, body: { events: [{ position: 7, message: 'm' }], next: 7 } });
    expect(asked).toEqual([expected]);
  });

  test.each([
    ['?after=5', 5],
    ['', 0],
  ])('with nothing to tell says where to go on from (%j)', async (query, next) => {
    const { request } = begin({ events: () => [] });
    expect(await request(`/api/events${query}`)).toMatchObject({ status: 200, body: { events: [], next } });
  });

  test.each([
    ['?limit=0', 'limit is not a whole number from 1 to 1000'],
    ['?limit=1001', 'limit is not a whole number from 1 to 1000'],
    ['?limit=', 'limit is not a whole number from 1 to 1000'],
    ['?limit=1e2', 'limit is not a whole number from 1 to 1000'],
    ['?after=-1', 'after is not a whole number from 0 to 9007199254740991'],
    ['?after=99999999999999999999', 'after is not a whole number from 0 to 9007199254740991'],
    ['?after=9007199254740993', 'after is not a whole number from 0 to 9007199254740991'],
    ['?after=0x10', 'after is not a whole number from 0 to 9007199254740991'],
    ['?after=1&after=2', 'after is given more than once'],
    ['?priority=urgent', 'priority is not one of low, medium, high'],
    ['?node=', 'node is not a name of 1 to 255 characters'],
    [`?cluster=${'c'.repeat(256)}`, 'cluster is not a name of 1 to 255 characters'],
    ['?afer=1', 'there is no parameter "afer": known are after, limit, cluster, node, priority'],
    ['?__proto__=1', 'there is no parameter "__proto__": known are after, limit, cluster, node, priority'],
    ['?node[0][0][0]=x', 'there is no parameter "node[0][0][0]": known are after, limit, cluster, node, priority'],
  ])('refuses %j and names what is wrong', async (query, detail) => {
    const { asked, request } = begin();
    expect(await request(`/api/events${query}`)).toMatchObject(problem(400, 'Bad Request', 'request_invalid', detail));
    expect(asked).toEqual([]);
  });

  test('refuses a long query in a short line', async () => {
    const { request } = begin();
    const { body } = await request(`/api/events?${'x'.repeat(10_000)}=1`);
    expect(JSON.stringify(body).length).toBeLessThan(300);
  });

  test('that fails by a defect is told to the log, and to no client', async () => {
    const defect = new Error('SQLITE_CORRUPT: /opt/cycle_server/store.db');
    const { defects, request } = begin({
      events: () => {
        throw defect;
      },
    });
    expect(await request('/api/events')).toMatchObject(problem(500, 'Internal Server Error', 'internal', 'the request failed; see the log of the server'));
    expect(defects).toEqual([defect]);
  });
});

describe('the health', () => {
  test.each<readonly [ConnectionState, number, string]>([
    ['connected', 200, 'ok'],
    ['blocked', 200, 'ok'],
    ['connecting', 503, 'failing'],
    ['failed', 503, 'failing'],
    ['closed', 503, 'failing'],
  ])('with the broker %s is %d %s', async (broker, status, word) => {
    const { request } = begin({ health: () => ({ broker, product: 'RabbitMQ 4.0.5', events: 3 }) });
    expect(await request('/healthz')).toMatchObject({ status, type: json, body: { status: word, broker, product: 'RabbitMQ 4.0.5', events: 3 } });
  });
});

describe('a request for what is not there', () => {
  test.each(['/', '/api', '/api/nodes/', '/api/nodes/n1', '/API/nodes', '/api/../etc/passwd', '/healthz.json'])('at %s is a problem that names the path', async (url) => {
    const { request } = begin();
    expect(await request(url)).toMatchObject(problem(404, 'Not Found', 'request_invalid', expect.stringContaining('there is nothing at /')));
  });

  test('at a long path is a problem in a short line, without its query', async () => {
    const { request } = begin();
    const { body } = await request(`/${'x'.repeat(5_000)}?secret=1`);
    expect(body).toMatchObject({ detail: `there is nothing at /${'x'.repeat(199)}` });
  });

  test('at a path that cannot be decoded is a problem', async () => {
    const { request } = begin();
    expect(await request('/api/%zz')).toMatchObject(problem(400, 'Bad Request', 'request_invalid', 'the path is not valid'));
  });
});

describe('a request that would change something', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)('by %s is a problem that says what is allowed', async (method) => {
    const { request } = begin();
    expect(await request('/api/nodes?x=1', method)).toMatchObject({ ...problem(405, 'Method Not Allowed', 'request_invalid', '/api/nodes can only be read: use GET'), allow: 'GET, HEAD' });
  });

  test.each(['application/json', 'text/xml'])('is the same problem with a body of type %s, which is not read', async (type) => {
    const { request } = begin();
    expect(await request('/api/events', 'POST', { headers: { 'content-type': type }, payload: '{"deep":' })).toMatchObject({ status: 405 });
  });

  test('is a problem also when its body is of no type at all', async () => {
    const { request } = begin();
    const asked = await request('/api/events', 'POST', { headers: { 'content-type': 'nonsense' }, payload: 'x' });
    expect(asked).toMatchObject(problem(415, 'Unsupported Media Type', 'request_invalid', 'the body is taken as JSON alone: send it with content-type: application/json'));
  });

  test('HEAD is a reading', async () => {
    const { request } = begin();
    expect(await request('/api/nodes', 'HEAD')).toMatchObject({ status: 200, body: undefined });
  });
});
