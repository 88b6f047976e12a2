// The Python module's check of the connection, against the program that answers it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../effects/clock.ts';
import { httpPasswordOf, verifierOf } from '../protocol/enrolment-seal.ts';
import { openStore } from '../server/store/store.ts';
import { startProgram, type Running } from './cluster/processes.ts';

const user = 'jetpack.lab.n1';
const password = httpPasswordOf('of the broker');

let folder: string;
let server: Running;
let url: string;

/** A port of this machine where nobody listens. */
const deadPort = async (): Promise<number> => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
};

/** As an enrolment leaves it. */
const giveIdentity = async (home: string): Promise<void> => {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const opened = openStore(path.join(home, 'store.db'), { clock: systemClock });
  if (!opened.ok) throw new Error(opened.error.message);
  const { store } = opened.value;
  await store.order({ type: 'mint', token: { cluster: 'lab', node: 'n1', id: 't', key: 'k', expiresAt: systemClock.now() + 60_000 } });
  await store.order({ type: 'redeem', id: 't', nonce: 'n' });
  await store.order({ type: 'granted', id: 't', user, verifier: verifierOf(password) });
  await store.close();
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'python-server-'));
  const home = path.join(folder, 'server');
  await giveIdentity(home);
  // Who a node is, it knows from its store: neither the broker nor its management API has to be there.
  const dead = await deadPort();
  const around = ['--amqp', `amqp://127.0.0.1:${dead}`, '--management', `http://admin:admin@127.0.0.1:${dead}`];
  server = startProgram('cycle-server', ['--home', home, '--listen', '127.0.0.1:0', ...around]);
  url = /https?:\S+/.exec(await server.serving)?.[0] ?? '';
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const script = `
import jetpack, jetpack.util
try:
    jetpack.util.test_cyclecloud_connection()
    print("passed")
except jetpack.util.UserError as error:
    print(error.code, error.message)
`;

/** What the check says on a node with this configuration; nothing but that may be said. */
const check = async (web_server: string, username: string, secret: string): Promise<string> => {
  const home = mkdtempSync(path.join(folder, 'node-'));
  mkdirSync(path.join(home, 'config'));
  writeFileSync(path.join(home, 'config', 'node.json'), JSON.stringify({ cyclecloud: { config: { web_server, username, password: secret }, cluster: { name: 'lab' } } }));
  const env = { PATH: process.env['PATH'], JETPACK_HOME: home, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn('/usr/bin/python3', ['-c', script], { cwd: path.resolve(import.meta.dirname, '..', 'python'), env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect(stderr).toBe('');
  return stdout;
};

test('the credentials of a node pass the check of the connection', async () => {
  expect(await check(url, user, password)).toBe('passed\n');
});

test.each([
  ['a wrong password', user, `${password}x`],
  ["the broker's password", user, 'of the broker'],
  ['an unknown user', 'jetpack.lab.n2', password],
])('%s is credentials that are refused', async (_what, name, secret) => {
  expect(await check(url, name, secret)).toBe(`identity_refused ${url} refuses the credentials of this node (401)\n`);
});

test('a port where nobody listens, and a server that is another, are no wrong credentials', async () => {
  const dead = `http://127.0.0.1:${await deadPort()}`;
  expect(await check(dead, user, password)).toBe(`server_unreachable ${dead} does not answer (ECONNREFUSED)\n`);
  expect(await check(`${url}/elsewhere`, user, password)).toBe(`server_unreachable ${url}/elsewhere does not answer as cycle-server does (404)\n`);
});
