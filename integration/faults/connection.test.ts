// Brokers that are not there, that refuse, and that are at another address now; and what a network does to a connection: breaks
// it at any byte, swallows it, slows it down.
import { randomBytes } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import { seededRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { collect, message, outcomes, statusesOf, until } from '../../transport/contract/world.ts';
import type { AmqpOptions } from '../../transport/amqp/options.ts';
import type { Transport } from '../../transport/port.ts';
import { oldestAndNewest } from '../broker/at-hand.ts';
import { freePorts } from '../broker/free-ports.ts';
import { anywhere, type Fault, type TcpProxy } from '../broker/tcp-proxy.ts';
import { through } from '../broker/through.ts';
import { fresh, reaches, typesOf, useBroker } from './broker-world.ts';

jest.setTimeout(120_000);

const seeds = Array.from({ length: 24 }, (_, index) => index + 1);
/** A handshake takes about so many bytes each way, and a publish or delivery of the tests a few hundred. */
const handshake = 1_000;
const traffic = 1_500;

describe.each(await oldestAndNewest())('on $title', (kind) => {
  const world = useBroker(kind);

  const wired = async (options: Partial<AmqpOptions> = {}): Promise<{ wire: TcpProxy; transport: Transport; prefix: string }> => {
    const wire = await world.wire();
    const { prefix, topology } = fresh();
    const transport = world.open(topology, { urls: [through(world.broker().url(), wire)], retryMs: { first: 10, most: 50 }, ...options });
    await reaches(transport, 'connected');
    return { wire, transport, prefix };
  };

  /** The caller's part of the promise: the same message under the same id until it is confirmed. */
  const insist = async (transport: Transport, exchange: string, body: string): Promise<void> => {
    const sent = message(exchange, 'k', body);
    do await reaches(transport, 'connected');
    while ((await transport.publish(sent)).outcome !== 'confirmed');
  };

  /** Publishes one after another until the fault has cost a connection. */
  const strike = async (wire: TcpProxy, publish: () => Promise<void>): Promise<void> => {
    const { taken } = wire.counts;
    do await publish();
    while (wire.counts.taken === taken);
  };

  test.each([
    { how: 'reset', type: 'reset' },
    { how: 'ended in the middle of a frame', type: 'truncate' },
  ] as const)('row 3: a connection that is $how at a random byte, for 24 seeds: what is confirmed is delivered, in order, under one id', async ({ type }) => {
    const { prefix, transport, wire } = await wired({ confirmTimeoutMs: 1_000 });
    const got = await collect(transport, `${prefix}.q`);
    const confirmed: string[] = [];
    const publish = async (): Promise<void> => {
      const body = `${confirmed.length}`;
      await insist(transport, `${prefix}.x`, body);
      confirmed.push(body);
    };
    for (const seed of seeds) {
      const random = seededRandom(seed);
      // Every fourth seed breaks the connection that follows as well, in the middle of its handshake.
      const next = wire.counts.taken + 1;
      wire.forNew((nth) => (seed % 4 === 0 && nth === next ? { type, at: anywhere(random, handshake) } : { type: 'pass' }));
      wire.apply({ type, at: anywhere(random, traffic) });
      await strike(wire, publish);
    }
    wire.forNew(() => ({ type: 'pass' }));
    await publish();
    await until('everything has arrived', () => new Set(got.bodies()).size === confirmed.length);
    expect([...new Set(got.bodies())]).toEqual(confirmed);
    const ids = new Set(got.deliveries.map(({ messageId }) => messageId));
    expect(ids.size).toBe(confirmed.length);
    expect(wire.counts.taken).toBeGreaterThanOrEqual(seeds.length);
  });

  test.each<{ readonly what: string; readonly fault: Fault }>([
    { what: 'nothing at all', fault: { type: 'silence' } },
    { what: 'nothing of the broker', fault: { type: 'silence', direction: 'toClient' } },
    { what: 'nothing of ours', fault: { type: 'silence', direction: 'toBroker' } },
  ])('row 4: a wire that closes nothing and passes $what is given up within three heartbeats, and what was in flight is `closed` and arrives when it is sent again', async ({ fault }) => {
    const { prefix, transport, wire } = await wired({ heartbeatSeconds: 1 });
    const statuses = statusesOf(transport);
    const got = await collect(transport, `${prefix}.q`);
    await until('both connections stand', () => wire.counts.open === 2);
    wire.apply(fault);
    const since = performance.now();
    const lost = message(`${prefix}.x`, 'k', 'lost');
    const published = transport.publish(lost);
    await until('the silence is noticed', () => typesOf(statuses).includes('disconnected'));
    // Three intervals, and as much again for a machine with other work: less than a confirm may take.
    expect(performance.now() - since).toBeLessThan(6_000);
    expect(await published).toEqual({ outcome: 'closed' });
    do await reaches(transport, 'connected');
    while ((await transport.publish(lost)).outcome !== 'confirmed');
    await insist(transport, `${prefix}.x`, 'after');
    await until('both have arrived', () => new Set(got.bodies()).size === 2);
    expect(new Set(got.deliveries.filter(({ body }) => Buffer.from(body).toString() === 'lost').map(({ messageId }) => messageId))).toEqual(new Set([lost.messageId]));
  });

  test('row 14: a confirm that does not come in time leaves the outcome unknown, and the same message goes again under its id', async () => {
    const { prefix, transport, wire } = await wired({ confirmTimeoutMs: 200 });
    const got = await collect(transport, `${prefix}.q`);
    await until('both connections stand', () => wire.counts.open === 2);
    wire.apply({ type: 'silence', direction: 'toClient' });
    const sent = message(`${prefix}.x`, 'k', 'twice');
    expect(await transport.publish(sent)).toEqual({ outcome: 'unconfirmed' });
    expect(transport.inFlight).toBe(0);
    wire.apply({ type: 'pass' });
    expect(await transport.publish(sent)).toEqual({ outcome: 'confirmed' });
    await got.arrived(2);
    expect(got.deliveries.map(({ messageId }) => messageId)).toEqual([sent.messageId, sent.messageId]);
  });

  test('row 4: closing a transport whose peer is silent takes no longer than a goodbye', async () => {
    const { transport, wire } = await wired();
    wire.stall();
    const before = performance.now();
    await transport.close();
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  test('row 3: a wire that drips holds nothing up for good: all is confirmed and delivered, in order', async () => {
    const { prefix, transport, wire } = await wired({ confirmTimeoutMs: 30_000 });
    const got = await collect(transport, `${prefix}.q`);
    await until('both connections stand', () => wire.counts.open === 2);
    wire.apply({ type: 'drip', bytes: 40, everyMs: 2 });
    const bodies = Array.from({ length: 20 }, (_, index) => `${index}`);
    expect(await outcomes(bodies.map((body) => transport.publish(message(`${prefix}.x`, 'k', body))))).toEqual(bodies.map(() => 'confirmed'));
    await got.arrived(bodies.length);
    expect(got.bodies()).toEqual(bodies);
  });

  test('row 1: a broker that drips through its handshake is given up in time, and one that answers is used', async () => {
    const wire = await world.wire();
    wire.forNew(() => ({ type: 'drip', bytes: 1, everyMs: 50 }));
    const { prefix, topology } = fresh();
    const transport = world.open(topology, { urls: [through(world.broker().url(), wire)], connectTimeoutMs: 500 });
    const statuses = statusesOf(transport);
    await until('it is given up', () => typesOf(statuses).includes('disconnected'));
    expect(statuses).toContainEqual(expect.objectContaining({ type: 'disconnected', code: 'broker_unreachable', reason: expect.stringContaining('500 ms') }));
    wire.forNew(() => ({ type: 'pass' }));
    await reaches(transport, 'connected');
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'confirmed' });
  });

  test('row 1: a broker that is absent is tried again and again, and used when it appears', async () => {
    const [port = 0] = await freePorts(1);
    const { prefix, topology } = fresh();
    const { password, user, vhost } = world.broker();
    const transport = world.open(topology, { urls: [`amqp://${user}:${password}@127.0.0.1:${port}/${vhost}`] });
    const statuses = statusesOf(transport);
    const got = await collect(transport, `${prefix}.q`);
    await until('several attempts have failed', () => typesOf(statuses).filter((type) => type === 'disconnected').length >= 3);
    expect(statuses[1]).toMatchObject({ type: 'disconnected', code: 'broker_unreachable', reason: expect.stringContaining('ECONNREFUSED') });
    await world.wire({ at: port });
    await reaches(transport, 'connected');
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'confirmed' });
    await got.arrived(1);
    expect(got.deliveries).toHaveLength(1);
  });

  test('row 2: a wrong password ends the transport at once, without a second attempt, and no status repeats it', async () => {
    const wire = await world.wire();
    const transport = world.open(fresh().topology, { urls: [through(world.broker().url({ password: 'wr0ng-passw0rd' }), wire)] });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(typesOf(statuses)).toEqual(['connecting', 'failed']);
    expect(statuses[1]).toMatchObject({ code: 'broker_credentials' });
    expect(JSON.stringify(statuses)).not.toMatch(new RegExp(`wr0ng|${world.broker().user}:`));
    // One attempt each to publish and to consume.
    expect(wire.counts.taken).toBeLessThanOrEqual(2);
  });

  test.each(['does not exist', 'is not for this user'])('row 2: a virtual host that %s ends the transport at the second attempt', async (which) => {
    const vhost = `vhost-${randomBytes(4).toString('hex')}`;
    if (which === 'is not for this user') await world.broker().addVhost(vhost);
    const wire = await world.wire();
    const transport = world.open(fresh().topology, { urls: [through(world.broker().url({ vhost }), wire)] });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(typesOf(statuses)).toEqual(['connecting', 'disconnected', 'connecting', 'failed']);
    expect(statuses[3]).toMatchObject({ code: 'broker_vhost', reason: expect.stringContaining(vhost) });
    expect(wire.counts.taken).toBeLessThanOrEqual(4);
  });

  test('row 2: a user who may not declare is told what it may not', async () => {
    const user = `reader-${randomBytes(4).toString('hex')}`;
    await world.broker().addUser(user, 'reader', { permissions: { configure: '^$', write: '.*', read: '.*' } });
    const { prefix, topology } = fresh();
    const transport = world.open(topology, { urls: [world.broker().url({ user, password: 'reader' })] });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(statuses.at(-1)).toMatchObject({ code: 'broker_vhost', reason: expect.stringMatching(`may not declare.*'${prefix}\\.x'`) });
  });

  test('row 5: every connection closed by an operator comes back, and consuming with it', async () => {
    const { prefix, topology } = fresh();
    const transport = world.open(topology);
    const statuses = statusesOf(transport);
    await reaches(transport, 'connected');
    const got = await collect(transport, `${prefix}.q`);
    const { management } = world.broker();
    // One that was opened a moment ago does not show at once.
    await waitFor('both connections to show', async () => (await management.connections()).length === 2);
    expect(await management.closeConnections('maintenance')).toBe(2);
    await until('it is connected again', () => typesOf(statuses).filter((type) => type === 'connected').length >= 2);
    expect(statuses).toContainEqual(expect.objectContaining({ type: 'disconnected', code: 'broker_unreachable', reason: expect.stringContaining('maintenance') }));
    const after = message(`${prefix}.x`, 'k', 'after');
    while ((await transport.publish(after)).outcome !== 'confirmed') await reaches(transport, 'connected');
    await got.arrived(1);
    expect(new Set(got.bodies())).toEqual(new Set(['after']));
  });

  test('row 1: of several addresses one that answers is enough', async () => {
    const [dead = 0] = await freePorts(1);
    const wire = await world.wire();
    const { prefix, topology } = fresh();
    const url = world.broker().url();
    const deadUrl = new URL(url);
    deadUrl.port = `${dead}`;
    const transport = world.open(topology, { urls: [deadUrl.href, through(url, wire)] });
    await reaches(transport, 'connected');
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'confirmed' });
  });

  test('row 5: a transport whose address is lost goes on at the other one, and nothing confirmed is lost', async () => {
    const wires = [await world.wire(), await world.wire()];
    const { prefix, topology } = fresh();
    const transport = world.open(topology, { urls: wires.map((wire) => through(world.broker().url(), wire)) });
    const got = await collect(transport, `${prefix}.q`);
    const confirmed: string[] = [];
    for (const [index, lost] of [...wires, undefined].entries()) {
      await reaches(transport, 'connected');
      const sent = message(`${prefix}.x`, 'k', `${index}`);
      while ((await transport.publish(sent)).outcome !== 'confirmed') await reaches(transport, 'connected');
      confirmed.push(`${index}`);
      if (lost === undefined) break;
      lost.refuse();
      lost.cut();
      const other = wires.find((wire) => wire !== lost);
      await until('both connections use the other address', () => other?.counts.open === 2 && lost.counts.open === 0);
      await lost.admit();
    }
    await until('all is there', () => new Set(got.bodies()).size === confirmed.length);
    expect([...new Set(got.bodies())]).toEqual(confirmed);
  });
});
