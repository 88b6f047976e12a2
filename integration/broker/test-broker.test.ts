// What suites may expect of every broker they can be given.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as tls, createServer } from 'node:tls';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect, credentials } from 'amqplib';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { bandsLacking, byVersion, oldestAndNewest, startBroker } from './at-hand.ts';
import { isOpen } from './answers.ts';
import { makeCertificates, type TestCertificates } from './certificates.ts';
import { wantedBrokers } from './local.ts';
import { Management } from './shared/management.ts';
import type { Identity, OwnBroker } from './test-broker.ts';

// The newest at hand, for the suites that use them see to the others; it takes a core a minute to start one so often.
const kinds = (await oldestAndNewest()).slice(-1);

let certificates: TestCertificates;

beforeAll(async () => {
  certificates = await makeCertificates();
});

afterAll(() => certificates?.dispose());

test('the setting names brokers, and a name that is none is refused', () => {
  expect(wantedBrokers('')).toBeUndefined();
  expect(wantedBrokers('4, installed')).toEqual(['4', 'installed']);
  expect(() => wantedBrokers('3')).toThrow("'3' is none of installed, 4, next");
});

test('versions between which RabbitMQ changed are told apart, and a band that no broker is of is noticed', () => {
  expect(bandsLacking(['3.10.8', '4.0.5', '4.3.6'])).toEqual([]);
  expect(bandsLacking(['3.13.7', '4.2.9', '4.2.0'])).toEqual(['from 4.3']);
  expect(bandsLacking(['4.10.0', '5.0.0'])).toEqual(['below 4', '4.0 to 4.2']);
});

test('the oldest and the newest are so by their numbers, in whatever order they are found', () => {
  const sorted = ['4.10.0', '3.13.7', '4.9.11', '4.9.2'].map((version) => ({ version })).toSorted(byVersion);
  expect(sorted.map(({ version }) => version)).toEqual(['3.13.7', '4.9.2', '4.9.11', '4.10.0']);
});

describe.each(kinds)('$title', (kind) => {
  let broker: OwnBroker;

  beforeAll(async () => {
    const config = ['heartbeat = 7', 'ssl_options.fail_if_no_peer_cert = true'];
    broker = await startBroker(kind, { tls: certificates, management: true, config, advanced: '[{rabbit,[{channel_max,9}]}].' });
  }, 120_000);

  afterAll(() => broker?.dispose());

  test('serves TLS and management when it is asked to, and its own settings win', async () => {
    const management = new Management(broker, '/');
    const { cert, key } = await certificates.client('c.n~1');
    await management.addUser('c.n~1', 'unused');
    await management.setPermissions('c.n~1', { configure: '.*', write: '.*', read: '.*' });
    const ca = [certificates.ca.cert.text];
    const model = await connect(broker.url({ tls: true, user: '', password: '' }), { ca, cert: cert.text, key: key.text, credentials: credentials.external() });
    expect(model.connection.serverProperties).toMatchObject({ version: kind.version });
    expect(await broker.ctl('list_connections', 'user', 'timeout', 'channel_max', '--no-table-headers')).toBe('c.n~1\t7\t9\n');
    await model.close();
    await expect(connect(broker.url({ tls: true }), { ca })).rejects.toThrow();
    await expect(broker.ctl('change_password', 'nobody', 'new')).rejects.toThrow('nobody');
  }, 120_000);

  test('keeps what is durable over a stop and a kill, at the same port, and leaves nothing when it is disposed of', async () => {
    for (const end of ['stop', 'kill'] as const) {
      const model = await connect(broker.url());
      const channel = await model.createConfirmChannel();
      await channel.assertQueue('kept', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      channel.sendToQueue('kept', Buffer.from(end), { persistent: true });
      await channel.waitForConfirms();
      await model.close();
      await broker[end]();
      await broker.start();
    }
    const model = await connect(broker.url());
    const channel = await model.createChannel();
    const kept: string[] = [];
    await channel.consume('kept', (message) => void kept.push(String(message?.content)), { noAck: true });
    await waitFor('both messages', () => kept.length === 2, 30_000);
    expect(kept).toEqual(['stop', 'kill']);
    await model.close();
    const other = new Management(broker, 'other');
    await other.addVhost('other');
    await other.addUser('reader', 'secret');
    await other.setPermissions('reader', { configure: '', write: '', read: '.*' });
    await (await connect(broker.url({ user: 'reader', password: 'secret', vhost: 'other' }))).close();
    await broker.dispose();
    expect(await isOpen(broker.port)).toBe(false);
  }, 180_000);
});

describe('certificates', () => {
  /** The code of the error that a client meets at a server with this certificate, if any. */
  const refusal = async ({ cert, key }: Identity): Promise<string> => {
    const server = createServer({ cert: cert.text, key: key.text });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { readonly port: number };
    const socket = tls({ host: '127.0.0.1', port, ca: certificates.ca.cert.text, servername: 'localhost' });
    const code = await new Promise<string>((resolve) => {
      socket.once('secureConnect', () => resolve('none'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    return code;
  };

  test('are refused each for its own reason, and the good one is not', async () => {
    const { byWrongCa, expired, server, wrongHost } = certificates;
    expect(await Promise.all([server, byWrongCa, expired, wrongHost].map(refusal))).toEqual([
      'none',
      expect.stringMatching(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/),
      'CERT_HAS_EXPIRED',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ]);
  });
});

const image = kinds.find(({ source }) => source.type === 'image');
const containers = async (): Promise<string> => (await promisify(execFile)('docker', ['ps', '--all', '--format', '{{.Names}}'])).stdout;

// Debian's: rabbit.test.ts.
if (image !== undefined) {
  test('a container does not outlive the test process that started it, even one that was killed', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'jetpack-orphan-'));
    const program = path.join(folder, 'program.mts');
    const atHand = pathToFileURL(path.join(import.meta.dirname, 'at-hand.ts')).href;
    await writeFile(program, `import { startBroker } from '${atHand}';\nconsole.log((await startBroker('${image.name}')).port);\n`);
    const child = spawn(process.execPath, ['--no-warnings', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line]: unknown[] = await once(child.stdout, 'data');
    expect(await containers()).toContain(`jetpack-test-${child.pid}-`);
    child.kill('SIGKILL');
    await waitFor('its container is gone', async () => !(await containers()).includes(`jetpack-test-${child.pid}-`), 60_000);
    expect(await isOpen(Number(line))).toBe(false);
    await rm(folder, { recursive: true });
  }, 180_000);
}
