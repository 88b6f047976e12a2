// Brokers behind TLS: whom we do not believe, who does not believe us, and one with which all is well.
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { collect, message, statusesOf } from '../../transport/contract/world.ts';
import { oldestAndNewest } from '../broker/at-hand.ts';
import { makeCertificates, type TestCertificates } from '../broker/certificates.ts';
import type { Identity } from '../broker/test-broker.ts';
import { ProcessCluster } from '../cluster/process-cluster.ts';
import { fresh, reaches, typesOf, useOwnBroker } from './broker-world.ts';

jest.setTimeout(120_000);

let made: Promise<TestCertificates> | undefined;
const certificates = (): Promise<TestCertificates> => (made ??= makeCertificates());

beforeAll(() => certificates());
afterAll(async () => (await certificates()).dispose());

describe.each(await oldestAndNewest())('on $title', (kind) => {
  // Nobody without a certificate comes in.
  const world = useOwnBroker(kind, async () => ({ tls: await certificates(), config: ['ssl_options.fail_if_no_peer_cert = true'] }));

  const credentials = async (by?: Identity): Promise<{ readonly cert: string; readonly key: string }> => {
    const { cert, key } = await (await certificates()).client('jetpack', by === undefined ? {} : { by });
    return { cert: cert.text, key: key.text };
  };

  test('a broker over TLS is published to and consumed from, with a certificate shown to it', async () => {
    const { ca } = await certificates();
    const { prefix, topology } = fresh();
    const transport = world.open(topology, { urls: [world.broker().url({ tls: true })], tls: { ca: ca.cert.text, ...(await credentials()) } });
    await reaches(transport, 'connected');
    const got = await collect(transport, `${prefix}.q`);
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'in private'))).toEqual({ outcome: 'confirmed' });
    await got.arrived(1);
    expect(got.bodies()).toEqual(['in private']);
  });

  test('row 2: without a certificate, or with one of another authority, the transport ends at once and says so', async () => {
    const { ca, wrongCa } = await certificates();
    for (const shown of [{}, await credentials(wrongCa)]) {
      const transport = world.open(fresh().topology, { urls: [world.broker().url({ tls: true })], tls: { ca: ca.cert.text, ...shown } });
      const statuses = statusesOf(transport);
      await reaches(transport, 'failed');
      expect(typesOf(statuses)).toEqual(['connecting', 'failed']);
      expect(statuses[1]).toMatchObject({ code: 'broker_tls', reason: expect.stringMatching(/refuses the handshake/) });
    }
  });

  test('row 2: a broker whose authority we do not trust is refused', async () => {
    const { wrongCa } = await certificates();
    const transport = world.open(fresh().topology, { urls: [world.broker().url({ tls: true })], tls: { ca: wrongCa.cert.text, ...(await credentials()) } });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(statuses.at(-1)).toMatchObject({ code: 'broker_tls', reason: expect.stringMatching(/authority/) });
  });

  test('server and node in step over TLS, as their options say', async () => {
    const all = await certificates();
    const client = await all.client('jetpack');
    const env = { JETPACK_AMQP_CA: all.ca.cert.file, JETPACK_AMQP_CERT: client.cert.file, JETPACK_AMQP_KEY: client.key.file };
    const cluster = new ProcessCluster(world.broker().url({ tls: true }), env);
    world.later(() => cluster.dispose());
    await cluster.startServer();
    await cluster.startNode('one');
    expect(await cluster.jetpack('one', ['log', 'in private'])).toMatchObject({ code: 0 });
    await cluster.inPhase('ready', 'one');
    expect(await cluster.logged()).toEqual(['in private']);
  });

  test.each([
    { what: 'has expired', which: 'expired', says: /expired/ },
    { what: 'is for another host', which: 'wrongHost', says: /another host/ },
    { what: 'is of an authority we do not trust', which: 'byWrongCa', says: /authority/ },
  ] as const)('row 2: a certificate of the broker that $what ends the transport before a word is said', async ({ says, which }) => {
    const all = await certificates();
    let heard = 0;
    const impostor = createServer({ cert: all[which].cert.text, key: all[which].key.text }, (socket) => socket.on('data', (data) => void (heard += data.length)));
    impostor.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => void impostor.listen(0, '127.0.0.1', resolve));
    world.later(() => new Promise((resolve) => impostor.close(resolve)));
    const { port } = impostor.address() as AddressInfo;
    const transport = world.open(fresh().topology, { urls: [`amqps://jetpack:secret@127.0.0.1:${port}`], tls: { ca: all.ca.cert.text } });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(statuses.at(-1)).toMatchObject({ code: 'broker_tls', reason: expect.stringMatching(says) });
    expect(heard).toBe(0);
  });
});
