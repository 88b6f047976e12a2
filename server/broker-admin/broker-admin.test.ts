import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { brokerAdmin, vhostOf } from './broker-admin.ts';
import { ManagementClient } from './management-client.ts';

interface Asked {
  readonly line: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

/** A management API that answers each request as the test says: a status, and maybe JSON. */
const begin = async (answer: (line: string) => { readonly status: number; readonly json?: unknown; readonly afterMs?: number } | undefined) => {
  const asked: Asked[] = [];
  const listening = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      const text = Buffer.concat(chunks).toString();
      asked.push({ line, body: text === '' ? undefined : JSON.parse(text), authorization: request.headers.authorization });
      const given = answer(line);
      if (given !== undefined) setTimeout(() => response.writeHead(given.status, { 'content-type': 'application/json' }).end(given.json === undefined ? '' : JSON.stringify(given.json)), given.afterMs ?? 0);
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(listening.address() as AddressInfo).port}/`;
  const admin = brokerAdmin(new ManagementClient({ base, user: 'root', password: 's3cret' }, {}), { prefix: 'p', vhost: '/', user: 'root' });
  return { admin, asked, base };
};

const node = { cluster: 'lab 1', node: 'n1' };
const goOn = new AbortController().signal;

test('a grant makes the user, then what limits it, and its permissions last', async () => {
  const { admin, asked } = await begin(() => ({ status: 204 }));
  expect(await admin.grant(node, 'pass', goOn)).toEqual({ ok: true, value: undefined });
  expect(asked.map(({ line }) => line)).toEqual([
    'PUT /api/users/p.lab~201.n1',
    'PUT /api/topic-permissions/%2F/p.lab~201.n1',
    'PUT /api/topic-permissions/%2F/p.lab~201.n1',
    'PUT /api/permissions/%2F/p.lab~201.n1',
  ]);
  expect(asked[0]).toMatchObject({ body: { password: 'pass', tags: '' }, authorization: `Basic ${Buffer.from('root:s3cret').toString('base64')}` });
  expect(asked[3]?.body).toEqual({ configure: expect.any(String), write: expect.any(String), read: expect.any(String) });
});

test('a revocation deletes the user, then its queue, then its connections, and what they made; what is gone already is no failure', async () => {
  const own = { routing_key: 'node.lab~201.n1', properties_key: 'node.lab~201.n1~' };
  const { admin, asked } = await begin((line) => {
    if (line.startsWith('GET /api/connections')) return { status: 200, json: [{ name: '127.0.0.1:1 -> 127.0.0.1:2' }, {}] };
    if (line.startsWith('GET') && line.endsWith('/e/p.reports')) return { status: 200, json: [own, { routing_key: 'cluster.lab~201', properties_key: 'x' }, { routing_key: '#', properties_key: '%23' }] };
    return { status: 404 };
  });
  expect(await admin.revoke(node, goOn)).toEqual({ ok: true, value: undefined });
  expect(asked.map(({ line }) => line)).toEqual([
    'DELETE /api/users/p.lab~201.n1',
    'DELETE /api/queues/%2F/p.node.lab~201.n1',
    'GET /api/connections/username/p.lab~201.n1',
    'DELETE /api/connections/127.0.0.1%3A1%20-%3E%20127.0.0.1%3A2',
    'DELETE /api/queues/%2F/p.node.lab~201.n1',
    'DELETE /api/exchanges/%2F/p.node.lab~201.n1',
    'GET /api/bindings/%2F/e/p.commands/e/p.reports',
    'DELETE /api/bindings/%2F/e/p.commands/e/p.reports/node.lab~201.n1~',
    'DELETE /api/bindings/%2F/e/p.commands/e/p.reports/x',
    'GET /api/bindings/%2F/e/p.commands/e/p.user',
  ]);
});

test('a revocation whose bindings cannot be listed, or not be deleted, is not done', async () => {
  const deaf = await begin((line) => ({ status: line.startsWith('GET /api/bindings') ? 500 : 404 }));
  expect(await deaf.admin.revoke(node, goOn)).toMatchObject({ ok: false, error: { message: expect.stringContaining('GET /api/bindings with 500') } });
  server?.close();
  const stray = [{ routing_key: 'cluster.lab~201', properties_key: 'x' }];
  const stubborn = await begin((line) => (line.startsWith('GET') ? { status: 200, json: line.includes('/bindings/') ? stray : [] } : { status: line.includes('/bindings/') ? 500 : 204 }));
  expect(await stubborn.admin.revoke(node, goOn)).toMatchObject({ ok: false, error: { message: expect.stringContaining('DELETE /api/bindings with 500') } });
});

test('policies are those that the version of the broker knows', async () => {
  const { admin, asked } = await begin((line) => {
    if (line.includes('/permissions')) return { status: 200, json: [{ vhost: '/' }] };
    return line.startsWith('GET') ? { status: 200, json: { rabbitmq_version: '3.10.8' } } : { status: 201 };
  });
  expect(await admin.applyPolicies(goOn)).toEqual({ ok: true, value: undefined });
  expect(asked.map(({ line }) => line)).toEqual(['GET /api/overview', 'GET /api/users/root/permissions', 'PUT /api/policies/%2F/p.node', 'PUT /api/policies/%2F/p.dead']);
  expect(asked[2]?.body).toMatchObject({ pattern: expect.any(String), 'apply-to': 'queues', definition: expect.any(Object), priority: 1 });
});

test('an administrator without permissions in the virtual host is found out before a revocation needs them', async () => {
  const { admin } = await begin((line) => ({ status: 200, json: line.includes('/permissions') ? [{ vhost: 'other' }] : { rabbitmq_version: '4.0.5' } }));
  const line = "the user 'root' of --management has no permissions in the virtual host '/': rabbitmqctl set_permissions -p '/' 'root' '.*' '.*' '.*'";
  expect(await admin.applyPolicies(goOn)).toEqual({ ok: false, error: { code: 'management_failed', message: line } });
});

test('the reason that the broker gives is told', async () => {
  const { admin } = await begin(() => ({ status: 401, json: { error: 'not_authorised', reason: 'Not management user' } }));
  expect(await admin.revoke(node, goOn)).toMatchObject({ ok: false, error: { message: expect.stringContaining('in the virtual host ("Not management user")') } });
});

test.each([
  [401, 'it refuses the user of --management, for its name, its password, its tag (administrator) or its permissions in the virtual host'],
  [403, 'it refuses the user of --management'],
  [500, 'answers PUT /api/users with 500'],
])('a refusal with %d ends it at once, in one line without anything secret', async (status, why) => {
  const { admin, asked } = await begin(() => ({ status }));
  const granted = await admin.grant(node, 'pass', goOn);
  expect(granted).toMatchObject({ ok: false, error: { code: 'management_failed', message: expect.stringContaining(why) } });
  expect([JSON.stringify(granted).match(/s3cret|pass"/), asked.length]).toEqual([null, 1]);
});

test('an API that is not there, or answers with what is no JSON, is a failure with its code', async () => {
  const { admin } = await begin(() => ({ status: 200 }));
  expect(await admin.applyPolicies(goOn)).toMatchObject({ ok: false, error: { code: 'management_failed' } });
  server?.close();
  server?.closeAllConnections();
  expect(await admin.revoke(node, goOn)).toMatchObject({ ok: false, error: { code: 'management_failed', message: expect.stringMatching(/ECONNREFUSED|ECONNRESET/) } });
});

test('a deed is not given up while each of its requests is answered, however long they take together', async () => {
  const { admin, asked } = await begin(() => ({ status: 204, afterMs: 900 }));
  expect(await admin.grant(node, 'pass', goOn)).toEqual({ ok: true, value: undefined });
  expect(asked).toHaveLength(4);
});

test('a deed that is to stop asks for nothing more', async () => {
  const stop = new AbortController();
  const { admin, asked } = await begin((line) => (line.includes('/topic-permissions/') && stop.abort(), { status: 204 }));
  expect(await admin.grant(node, 'pass', stop.signal)).toMatchObject({ ok: false, error: { code: 'management_failed' } });
  expect(asked.map(({ line }) => line)).toEqual(['PUT /api/users/p.lab~201.n1', 'PUT /api/topic-permissions/%2F/p.lab~201.n1']);
});

test('an API that is silent is given up after three seconds', async () => {
  const { admin } = await begin(() => undefined);
  expect(await admin.revoke(node, goOn)).toMatchObject({ ok: false, error: { code: 'management_failed', message: expect.stringContaining('it does not answer in time') } });
});

test.each([
  ['amqp://h', '/'],
  ['amqp://h/', '/'],
  ['amqp://h/%2Fjetpack', '/jetpack'],
  ['amqps://u:p@h:1/v', 'v'],
])('the virtual host of %s is %s', (url, vhost) => {
  expect(vhostOf(url)).toBe(vhost);
});
