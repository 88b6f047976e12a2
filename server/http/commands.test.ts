import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { CommandAnswer } from '../../actors/server/command-orders.ts';
import type { CommandRecord } from '../../actors/server/order-ports.ts';
import type { CommandRequest } from '../../protocol/command-request.ts';
import { fail, ok } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { apiSources } from '../testing/api-sources.ts';
import { buildApp, type ApiSources } from './app.ts';

let app: FastifyInstance;
afterEach(() => app.close());

const id = '00000000-0000-4000-8000-000000000001';
const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

const record: CommandRecord = {
  id,
  cluster: 'box',
  name: 'check',
  issuedAt: 1,
  expiresAt: 2,
  targets: [{ node: 'n1', state: 'failed', code: 'internal', message: 'why', changedAt: 3 }],
};

interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly remoteAddress?: string;
}

const begin = (answer: CommandAnswer = { outcome: 'ordered', id, targets: ['n1'] }, more: Partial<ApiSources> = {}) => {
  const given: Array<readonly [CommandRequest, TraceContext | undefined]> = [];
  const sources = apiSources({
    command: (...call) => {
      given.push(call);
      return Promise.resolve(ok(answer));
    },
    ...more,
  });
  app = buildApp(sources, (error) => {
    throw error;
  });
  const answerOf = ({ body, headers, statusCode }: Awaited<ReturnType<FastifyInstance['inject']>>) => ({
    status: statusCode,
    allow: headers.allow,
    body: JSON.parse(body) as unknown,
  });
  const post = async (body: unknown, { headers = {}, ...call }: Call = {}) =>
    answerOf(
      await app.inject({
        url: '/api/commands',
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        ...call,
      }),
    );
  const get = async (url: string, call: Call = {}) => answerOf(await app.inject({ url, ...call }));
  return { get, given, post };
};

const check = { cluster: 'box', nodes: ['n1'], command: 'check' };

describe('a command that is posted', () => {
  test.each<readonly [object, object]>([
    [check, { cluster: 'box', nodes: ['n1'], command: 'check', expiresInSeconds: 3_600 }],
    [{ ...check, nodes: 'all', command: 'converge', rerunScripts: true }, { cluster: 'box', nodes: 'all', command: 'converge', rerunScripts: true, expiresInSeconds: 3_600 }],
    [
      { ...check, command: 'set', key: 'demo.limit', value: { deep: [1, null, 'x'] }, expiresInSeconds: 604_800, id },
      { ...check, command: 'set', key: 'demo.limit', value: { deep: [1, null, 'x'] }, expiresInSeconds: 604_800, id },
    ],
    ...(['cyclecloud.mine', 'cyclecloud.node.size', 'cyclecloud', 'cyclecloud.node', 'role', 'cyclecloud.homes', 'demo.roles'] as const).map((key) => {
      const set = { ...check, command: 'set', key, value: { mine: 1, 'node.name': 2 } };
      return [set, { ...set, expiresInSeconds: 3_600 }] as const;
    }),
    [{ ...check, command: 'set', key: 'with space.Ünïcode', value: null }, { ...check, command: 'set', key: 'with space.Ünïcode', value: null, expiresInSeconds: 3_600 }],
  ])('%j is given, and answered with its id and its nodes', async (body, request) => {
    const { given, post } = begin();
    expect(await post(body)).toMatchObject({ status: 202, body: { id, targets: ['n1'] } });
    expect(given).toEqual([[request, undefined]]);
  });

  test('brings the trace of its caller, and none that is malformed', async () => {
    const { given, post } = begin();
    await post(check, { headers: { traceparent, tracestate: 'v=1' } });
    await post(check, { headers: { traceparent: 'nonsense' } });
    expect(given.map(([, trace]) => trace)).toEqual([{ traceparent, tracestate: 'v=1' }, undefined]);
  });

  test.each<readonly [string, unknown]>([
    ['the body is not JSON', '{"cluster":'],
    ['the body is not JSON', ''],
    ['the body is not valid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['the body nests deeper than 64 levels', `${'['.repeat(100)}${']'.repeat(100)}`],
    ['command: is none of check, converge, set, end', {}],
    ['is none of check, converge, set, end', []],
    ['is none of check, converge, set, end', null],
    ['command: is none of check, converge, set, end', { ...check, command: 'halt' }],
    ['cluster: ', { ...check, cluster: '' }],
    ['nodes: is neither "all" nor a list of at most 10,000 names of nodes', { ...check, nodes: 'n1' }],
    ['nodes: names no node', { ...check, nodes: [] }],
    ['nodes.1: the node name is empty', { ...check, nodes: ['n1', ''] }],
    ['nodes: is neither "all" nor a list of at most 10,000 names of nodes', { ...check, nodes: Array(10_001).fill('n') }],
    ["unknown member 'node'", { ...check, node: 'n1' }],
    ["unknown member 'rerunScripts'", { ...check, rerunScripts: true }],
    ['rerunScripts: ', { ...check, command: 'converge', rerunScripts: 'yes' }],
    ['key: ', { ...check, command: 'set', value: 1 }],
    ['value: is missing', { ...check, command: 'set', key: 'a' }],
    ['key: is empty', { ...check, command: 'set', key: '', value: 1 }],
    ['key: has an empty part', { ...check, command: 'set', key: 'a..b', value: 1 }],
    ['key: has an empty part', { ...check, command: 'set', key: '.a', value: 1 }],
    ['key: holds a control character', { ...check, command: 'set', key: 'a\nb', value: 1 }],
    ['key: is longer than 255 characters', { ...check, command: 'set', key: 'k'.repeat(256), value: 1 }],
    ['key: has a part that no setting can have', { ...check, command: 'set', key: 'a.__proto__.b', value: 1 }],
    ...['node.name', 'cluster.name', 'instance.id', 'instance.hostname', 'home', 'bootstrap', 'chefstate', 'jetpack.version', 'jetpack.executable'].map(
      (key) => [`key: cyclecloud.${key} comes from the node itself: a setting of it would never show`, { ...check, command: 'set', key: `cyclecloud.${key}`, value: 'x' }] as const,
    ),
    ...['roles', 'cyclecloud.cluster_init_specs', 'cyclecloud.locker'].map(
      (key) => [`key: ${key} comes from the template of the cluster alone: a setting of it would never show`, { ...check, command: 'set', key, value: ['x'] }] as const,
    ),
    ['key: roles comes from', { ...check, command: 'set', key: 'roles.first', value: 1 }],
    ['key: cyclecloud.home comes from', { ...check, command: 'set', key: 'cyclecloud', value: 5 }],
    ['key: cyclecloud.node.name comes from', { ...check, command: 'set', key: 'cyclecloud.node', value: ['x'] }],
    ['value: cyclecloud.node.name comes from', { ...check, command: 'set', key: 'cyclecloud', value: { mine: 1, node: { name: 'x' } } }],
    ['value: cyclecloud.node.name comes from', { ...check, command: 'set', key: 'cyclecloud', value: { node: null } }],
    ['expiresInSeconds: is not a whole number from 1 to 604800', { ...check, expiresInSeconds: 0 }],
    ['expiresInSeconds: is not a whole number from 1 to 604800', { ...check, expiresInSeconds: 604_801 }],
    ['expiresInSeconds: is not a whole number from 1 to 604800', { ...check, expiresInSeconds: 1.5 }],
    ['id: not a UUID', { ...check, id: 'mine' }],
  ])('is refused with "%s" when that is what is wrong', async (detail, body) => {
    const { given, post } = begin();
    expect(await post(body)).toMatchObject({ status: 400, body: { status: 400, code: 'request_invalid', detail: expect.stringContaining(detail) } });
    expect(given).toEqual([]);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', 'nonsense'])(
    'as %s, which a page of another site could send, is refused',
    async (type) => {
      const { given, post } = begin();
      expect(await post(check, { headers: { 'content-type': type } })).toMatchObject({ status: 415, body: { code: 'request_invalid' } });
      expect(given).toEqual([]);
    },
  );

  test('may say its character set', async () => {
    const { post } = begin();
    expect(await post(check, { headers: { 'content-type': 'application/json; charset=utf-8' } })).toMatchObject({ status: 202 });
  });

  test('of a megabyte is taken, and one byte more is refused with its code', async () => {
    const { given, post } = begin();
    const large = (bytes: number): string => {
      const head = JSON.stringify({ ...check, command: 'set', key: 'k', value: '' });
      return head.replace('""', `"${'v'.repeat(bytes - head.length)}"`);
    };
    expect(await post(large(1024 * 1024))).toMatchObject({ status: 202 });
    expect(await post(large(1024 * 1024 + 1))).toMatchObject({ status: 413, body: { code: 'message_too_large', detail: 'the body has more than 1048576 bytes' } });
    expect(given).toHaveLength(1);
  });
});

describe('the answer to a command', () => {
  const busy = fail('busy', 'too many');
  test.each<readonly [number, CommandAnswer]>([
    [404, { outcome: 'unknown', ...fail('request_invalid', 'there is no node n9 in cluster box') }],
    [409, { outcome: 'conflict', ...fail('request_invalid', 'another command has the id') }],
    [413, { outcome: 'refused', ...fail('message_too_large', 'the configuration takes 2000000 bytes') }],
    [503, { outcome: 'refused', ...fail('store_unwritable', 'disk full') }],
    [503, { outcome: 'refused', ...busy }],
  ])('is %d with the code and the line of its failure', async (status, answer) => {
    const { post } = begin(answer);
    const { error } = answer as { error: { code: string; message: string } };
    expect(await post(check)).toMatchObject({ status, body: { status, code: error.code, detail: error.message } });
  });

  test('is 503 when the orchestrator does not answer in time', async () => {
    const { post } = begin(undefined, { command: () => Promise.resolve(fail('timeout', 'server/orchestrator did not answer within 5000 ms')) });
    expect(await post(check)).toMatchObject({ status: 503, body: { code: 'timeout' } });
  });
});

describe('who may give a command', () => {
  const forbidden = { status: 403, body: { code: 'forbidden', detail: 'only programs on this machine may change something' } };

  test.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('is a program on this machine (%s)', async (remoteAddress) => {
    expect(await begin().post(check, { remoteAddress })).toMatchObject({ status: 202 });
  });

  test.each(['10.0.0.1', '128.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '::', '0.0.0.0', '::ffff:7f00:1.evil'])('is nobody elsewhere (%s), who may read all the same', async (remoteAddress) => {
    const { get, given, post } = begin();
    expect(await post(check, { remoteAddress })).toMatchObject(forbidden);
    expect(await get('/api/commands', { remoteAddress })).toMatchObject({ status: 200 });
    expect(given).toEqual([]);
  });

  test.each(['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:3000'])('is a page of this machine (%s)', async (origin) => {
    expect(await begin().post(check, { headers: { origin } })).toMatchObject({ status: 202 });
  });

  test.each(['http://evil.example', 'https://127.0.0.1.evil.example', 'null', ''])('is no page of another site (%j), whatever name led it here', async (origin) => {
    const { given, post } = begin();
    expect(await post(check, { headers: { origin } })).toMatchObject(forbidden);
    expect(given).toEqual([]);
  });
});

describe('reading commands', () => {
  test('gives the newest, as many as asked for', async () => {
    const asked: number[] = [];
    const { get } = begin(undefined, {
      commands: (limit) => {
        asked.push(limit);
        const { targets: _targets, ...summary } = record;
        return [{ ...summary, nodes: { failed: 1 } }];
      },
    });
    expect(await get('/api/commands')).toMatchObject({ status: 200, body: { commands: [{ id, nodes: { failed: 1 } }] } });
    await get('/api/commands?limit=7');
    expect(asked).toEqual([100, 7]);
  });

  test.each([
    ['?limit=0', 'limit is not a whole number from 1 to 1000'],
    ['?limit=1&limit=2', 'limit is given more than once'],
    ['?after=1', 'there is no parameter "after": known is limit'],
  ])('refuses %j and names what is wrong', async (query, detail) => {
    expect(await begin().get(`/api/commands${query}`)).toMatchObject({ status: 400, body: { code: 'request_invalid', detail } });
  });

  test('gives one with the state of each node', async () => {
    const { get } = begin(undefined, { commandOf: (wanted) => (wanted === id ? record : undefined) });
    expect(await get(`/api/commands/${id}`)).toMatchObject({ status: 200, body: record });
    expect(await get('/api/commands/other')).toMatchObject({ status: 404, body: { code: 'request_invalid', detail: 'there is no command "other"' } });
  });
});

describe('another method', () => {
  test.each(['PUT', 'PATCH', 'DELETE'] as const)('%s is told what there is', async (method) => {
    begin();
    const all = await app.inject({ url: '/api/commands', method });
    expect([all.statusCode, all.headers.allow, JSON.parse(all.body)]).toMatchObject([405, 'GET, HEAD, POST', { detail: '/api/commands can be read and posted to: use GET or POST' }]);
    const one = await app.inject({ url: `/api/commands/${id}`, method });
    expect([one.statusCode, one.headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});
