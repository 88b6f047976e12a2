import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { IdentityRecord, Placed } from '../../actors/server/enrolment-ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { fail, ok } from '../../protocol/result.ts';
import { apiSources } from '../testing/api-sources.ts';
import { buildApp, type ApiSources } from './app.ts';
import { httpLimits } from './limits.ts';

let app: FastifyInstance;
afterEach(() => app.close());

const begin = (more: Partial<ApiSources> = {}) => {
  const clock = new ManualClock();
  const defects: unknown[] = [];
  app = buildApp(apiSources(more), (error) => void defects.push(error), httpLimits, clock);
  const request = async (method: 'GET' | 'POST' | 'DELETE' | 'PUT', url: string, body?: unknown, remoteAddress = '127.0.0.1', headers: Record<string, string> = {}) => {
    const sent = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
    const answer = await app.inject({ method, url, remoteAddress, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, ...sent });
    return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(answer.body) as Record<string, unknown> };
  };
  return { clock, defects, request };
};

const stranger = '192.0.2.1';
const minted = { cluster: 'lab', node: 'n1', id: 'i', expiresAt: 5, token: 'i.s' };
const question = { id: 'A'.repeat(22), nonce: 'B'.repeat(43), proof: 'C'.repeat(43) };

describe('a token', () => {
  test('is made for a program on this machine, shown once, and kept by nobody on the way', async () => {
    const asked: unknown[] = [];
    const { request } = begin({ mint: async (given) => (asked.push(given), ok(minted)) });
    const answer = await request('POST', '/api/enrolments', { cluster: 'lab', node: 'n1' });
    expect([answer.status, answer.body, answer.headers['cache-control'], asked]).toEqual([201, minted, 'no-store', [{ cluster: 'lab', node: 'n1', expiresInSeconds: 3_600 }]]);
  });

  test.each([
    ['from another machine', { cluster: 'lab', node: 'n1' }, stranger, {}, 403, 'forbidden'],
    ['from a page of another site', { cluster: 'lab', node: 'n1' }, '127.0.0.1', { origin: 'http://evil.example' }, 403, 'forbidden'],
    ['for nobody', { cluster: 'lab' }, '127.0.0.1', {}, 400, 'request_invalid'],
    ['with a member that means nothing', { cluster: 'lab', node: 'n1', forever: true }, '127.0.0.1', {}, 400, 'request_invalid'],
    ['that never expires', { cluster: 'lab', node: 'n1', expiresInSeconds: 1e9 }, '127.0.0.1', {}, 400, 'request_invalid'],
    ['in a body too large', { cluster: 'lab', node: 'n'.repeat(5_000) }, '127.0.0.1', {}, 413, 'message_too_large'],
  ] as const)('%s is refused, and reaches no actor', async (_what, body, address, headers, status, code) => {
    const { request } = begin({ mint: () => Promise.reject(new Error('it was asked')) });
    expect(await request('POST', '/api/enrolments', body, address, headers)).toMatchObject({ status, body: { code } });
  });

  test('is listed without anything secret', async () => {
    const { request } = begin({ tokens: ({ after, limit }) => [{ position: 9, cluster: 'lab', node: `n${after} ${limit}`, id: 'i', state: 'minted', mintedAt: 1, expiresAt: 2 }] });
    expect(await request('GET', '/api/enrolments?after=5&limit=7', undefined, stranger)).toMatchObject({ status: 200, body: { enrolments: [{ node: 'n5 7', state: 'minted' }], next: 9 } });
    expect(await request('GET', '/api/enrolments?limit=0')).toMatchObject({ status: 400 });
  });
});

describe('a node that enrolls', () => {
  test('may do so from another machine', async () => {
    const { request } = begin({ redeem: async (given) => ok({ sealed: JSON.stringify(given) }) });
    const answer = await request('POST', '/api/enrol', question, stranger);
    expect([answer.status, answer.body, answer.headers['cache-control']]).toEqual([200, { sealed: JSON.stringify(question) }, 'no-store']);
  });

  test.each([
    ['token_unknown', 403],
    ['token_used', 403],
    ['token_expired', 403],
    ['enrolment_off', 409],
    ['management_failed', 503],
    ['busy', 503],
    ['timeout', 503],
  ] as const)('is told %s with status %d', async (code, status) => {
    const { defects, request } = begin({ redeem: async () => fail(code, 'why') });
    expect(await request('POST', '/api/enrol', question, stranger)).toMatchObject({ status, body: { code, detail: 'why' } });
    expect(defects).toEqual([]);
  });

  test.each([{}, { ...question, id: 'short' }, { ...question, nonce: 5 }, { ...question, more: 1 }, '{"id"', '[]'])('with %j reaches no actor', async (body) => {
    const { request } = begin({ redeem: () => Promise.reject(new Error('it was asked')) });
    expect(await request('POST', '/api/enrol', body, stranger)).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });

  test('or anybody who asks without end is bounded by its address, and others are not', async () => {
    const { clock, request } = begin({ redeem: async () => fail('token_unknown', 'no') });
    const ask = async (address: string): Promise<number> => (await request('POST', '/api/enrol', question, address)).status;
    const statuses: number[] = [];
    for (let count = 0; count < 40; count += 1) statuses.push(await ask(stranger));
    expect(statuses).toEqual([...Array<number>(30).fill(403), ...Array<number>(10).fill(429)]);
    expect(await ask('192.0.2.2')).toBe(403);
    await clock.advance(2_000);
    expect([await ask(stranger), await ask(stranger), await ask(stranger)]).toEqual([403, 403, 429]);
  });
});

describe('an identity', () => {
  test('is revoked from this machine alone, whatever characters its names have', async () => {
    const asked: unknown[] = [];
    const { request } = begin({ revoke: async (node) => (asked.push(node), ok({ ...node, state: 'revoking' })) });
    expect(await request('DELETE', '/api/identities/lab%201/n%2F1')).toMatchObject({ status: 202, body: { cluster: 'lab 1', node: 'n/1', state: 'revoking' } });
    expect(await request('DELETE', '/api/identities/lab/n1', undefined, stranger)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(asked).toEqual([{ cluster: 'lab 1', node: 'n/1' }]);
  });

  test('that nobody knows is 404, and a name that none can have 400', async () => {
    const { request } = begin({ revoke: async () => fail('identity_unknown', 'there is none') });
    expect(await request('DELETE', '/api/identities/lab/n1')).toMatchObject({ status: 404, body: { code: 'identity_unknown' } });
    expect(await request('DELETE', `/api/identities/lab/${'n'.repeat(101)}`)).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });

  test('is listed with the others', async () => {
    const identity = { position: 4, cluster: 'lab', node: 'n1', user: 'p.lab.n1', state: 'active', changedAt: 3 } as const;
    const { request } = begin({ identities: () => [identity] });
    expect(await request('GET', '/api/identities')).toMatchObject({ status: 200, body: { identities: [identity], next: 4 } });
  });

  test('is found in pages, each of which a client of the API takes, however many there are and whatever they are called', async () => {
    const name = 'n'.repeat(100);
    const [row, asked]: [(position: number) => Placed<IdentityRecord>, unknown[]] = [(position) => ({ position, cluster: name, node: name, user: 'u'.repeat(245), state: 'revoking', changedAt: 1e13 }), []];
    const { request } = begin({ identities: (page) => (asked.push(page), Array.from({ length: page.after === 2_000 ? 0 : page.limit }, (_, index) => row((page.after ?? 0) + index + 1))) });
    const first = await request('GET', '/api/identities?after=0&limit=1000');
    expect([first.body['next'], JSON.stringify(first.body).length < 1024 * 1024]).toEqual([1_000, true]);
    expect((await request('GET', '/api/identities?after=2000&limit=1000')).body).toEqual({ identities: [], next: 2_000 });
    expect(asked).toEqual([{ after: 0, limit: 1_000 }, { after: 2_000, limit: 1_000 }]);
    for (const broken of ['limit=1001', 'after=x', 'node=n1', 'after=1&after=2']) expect(await request('GET', `/api/identities?${broken}`)).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });
});

test.each([
  ['PUT', '/api/enrolments', 'GET, HEAD, POST'],
  ['GET', '/api/enrol', 'POST'],
  ['POST', '/api/identities', 'GET, HEAD'],
  ['GET', '/api/identities/lab/n1', 'DELETE'],
] as const)('%s %s says what it takes instead', async (method, url, allow) => {
  const { request } = begin();
  const answer = await request(method, url);
  expect([answer.status, answer.headers['allow']]).toEqual([405, allow]);
});
