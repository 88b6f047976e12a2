// What only a real broker can do to a transport: be absent, refuse, restart, die, fall silent, raise alarms.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom } from '../../effects/random.ts';
import type { AmqpOptions } from '../../transport/amqp/options.ts';
import { connectAmqp } from '../../transport/amqp/transport.ts';
import { collect, message, outcomes, statusesOf, topicTopology, until } from '../../transport/contract/world.ts';
import type { Settlement, Transport } from '../../transport/port.ts';
import type { Topology } from '../../transport/topology.ts';
import { startRabbit } from '../broker/find.ts';
import { freePorts } from '../broker/free-ports.ts';
import type { Rabbit } from '../broker/rabbit.ts';
import { TcpProxy } from '../broker/tcp-proxy.ts';
import { administer } from './amqp-world.ts';

jest.setTimeout(60_000);

let rabbit: Rabbit;
let prefix: string;
const transports: Transport[] = [];
const cleanUps: (() => Promise<void>)[] = [];

beforeAll(async () => {
  rabbit = await startRabbit();
}, 120_000);

afterAll(() => rabbit?.dispose());

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close()));
  await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
});

const open = (topology: Topology, options: Partial<AmqpOptions> = {}): Transport => {
  const common = { name: 'faults', topology, clock: systemClock, random: systemRandom, retryMs: { first: 50, most: 500 } };
  const transport = connectAmqp({ ...common, url: rabbit.url(), ...options });
  transports.push(transport);
  return transport;
};

const simple = (): Topology => {
  prefix = `faults-${randomBytes(6).toString('hex')}`;
  return topicTopology(prefix, [{ name: 'q', type: 'quorum' }]);
};

const isConnected = (transport: Transport): Promise<void> => until('it is connected', () => transport.state === 'connected');
const hasFailed = (transport: Transport): Promise<void> => until('it has failed', () => transport.state === 'failed');

const types = (statuses: readonly { readonly type: string }[]): readonly string[] => statuses.map(({ type }) => type);

describe('a broker that is not there', () => {
  test('the transport keeps trying, and is connected when the broker appears', async () => {
    const [port = 0] = await freePorts(1);
    const transport = open(simple(), { url: `amqp://${rabbit.user}:${rabbit.password}@127.0.0.1:${port}` });
    const statuses = statusesOf(transport);
    const got = await collect(transport, `${prefix}.q`);
    await until('several attempts have failed', () => types(statuses).filter((type) => type === 'disconnected').length >= 3);
    expect(statuses[1]).toMatchObject({ type: 'disconnected', code: 'broker_unreachable', reason: expect.stringContaining('ECONNREFUSED') });
    const proxy = await TcpProxy.open({ host: '127.0.0.1', port: rabbit.port }, port);
    cleanUps.push(() => proxy.dispose());
    await isConnected(transport);
    await transport.publish(message(`${prefix}.x`, 'k'));
    await got.arrived(1);
    expect(got.deliveries).toHaveLength(1);
  });
});

describe('a broker that refuses', () => {
  test('a wrong password ends the transport at once, and no status repeats it', async () => {
    const transport = open(simple(), { url: rabbit.url({ password: 'wr0ng-passw0rd' }) });
    const statuses = statusesOf(transport);
    await hasFailed(transport);
    expect(types(statuses)).toEqual(['connecting', 'failed']);
    expect(statuses[1]).toMatchObject({ code: 'broker_credentials' });
    expect(JSON.stringify(statuses)).not.toMatch(/wr0ng|jetpack:/);
  });

  test.each(['does not exist', 'is not for this user'])('a virtual host that %s ends the transport', async (kind) => {
    const vhost = `vhost-${randomBytes(4).toString('hex')}`;
    if (kind === 'is not for this user') await rabbit.ctl('add_vhost', vhost);
    const transport = open(simple(), { url: rabbit.url({ vhost }) });
    const statuses = statusesOf(transport);
    await hasFailed(transport);
    expect(types(statuses)).toEqual(['connecting', 'disconnected', 'connecting', 'failed']);
    expect(statuses[3]).toMatchObject({ code: 'broker_vhost', reason: expect.stringContaining(vhost) });
  });

  test('a user who may not declare is told so', async () => {
    const user = `reader-${randomBytes(4).toString('hex')}`;
    await rabbit.ctl('add_user', user, 'reader');
    await rabbit.ctl('set_permissions', user, '^$', '.*', '.*');
    const transport = open(simple(), { url: rabbit.url({ user, password: 'reader' }) });
    const statuses = statusesOf(transport);
    await hasFailed(transport);
    expect(statuses.at(-1)).toMatchObject({ code: 'broker_vhost', reason: expect.stringContaining(`${prefix}.x`) });
  });

  test.each([
    ['x-delivery-limit', { deliveryLimit: 3 }, { deliveryLimit: 4 }],
    ['x-dead-letter-exchange', { deadLetter: 'one' }, { deadLetter: 'other' }],
    ['x-expires', { expiresMs: 60_000 }, {}],
    ['x-message-ttl', {}, { messageTtlMs: 60_000 }],
  ])('a queue that exists otherwise ends the transport and names %s', async (argument, before, after) => {
    const { exchanges, queues, bindings } = simple();
    await isConnected(open({ exchanges, queues: queues.map((queue) => ({ ...queue, ...before })), bindings }));
    const transport = open({ exchanges, queues: queues.map((queue) => ({ ...queue, ...after })), bindings });
    const statuses = statusesOf(transport);
    await hasFailed(transport);
    expect(statuses.at(-1)).toMatchObject({ code: 'topology_mismatch', reason: expect.stringContaining(argument) });
    expect(statuses.at(-1)).toMatchObject({ reason: expect.stringContaining(`${prefix}.q`) });
  });

  test('a publish that a full queue refuses is `nacked`', async () => {
    const topology = simple();
    const transport = open(topology);
    await isConnected(transport);
    await administer(rabbit.url(), async (model) => {
      const channel = await model.createChannel();
      await channel.assertQueue(`${prefix}.full`, { maxLength: 1, overflow: 'reject-publish' });
      await channel.bindQueue(`${prefix}.full`, `${prefix}.x`, 'full');
    });
    const told: string[] = [];
    while (told.at(-1) !== 'nacked' && told.length < 10) told.push((await transport.publish(message(`${prefix}.x`, 'full'))).outcome);
    expect(told.at(-1)).toBe('nacked');
    expect(await transport.publish(message(`${prefix}.x`, 'other'))).toEqual({ outcome: 'confirmed' });
  });
});

describe('a broker that goes away', () => {
  const twoKinds = (): Topology => {
    prefix = `faults-${randomBytes(6).toString('hex')}`;
    return topicTopology(prefix, [
      { name: 'quorum', type: 'quorum' },
      { name: 'classic', type: 'classic' },
    ]);
  };

  test('over a restart and over a kill, what was confirmed is kept, and consumers and publishes go on unasked', async () => {
    const transport = open(twoKinds(), { confirmTimeoutMs: 1_000 });
    await isConnected(transport);
    const statuses = statusesOf(transport);
    const batch = (name: string): readonly string[] => Array.from({ length: 50 }, (_, index) => `${name} ${index}`);
    const publish = async (bodies: readonly string[]): Promise<void> => {
      for (const body of bodies) {
        const again = message(`${prefix}.x`, 'k', body);
        do await isConnected(transport);
        while ((await transport.publish(again)).outcome !== 'confirmed');
      }
    };
    await publish(batch('first'));
    await rabbit.stop();
    await until('the loss is told', () => types(statuses).includes('disconnected'));
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'closed' });
    await rabbit.start();
    await publish(batch('second'));
    await rabbit.kill();
    const got = await Promise.all(['quorum', 'classic'].map((name) => collect(transport, `${prefix}.${name}`)));
    await rabbit.start();
    await publish(['last']);
    for (const each of got) {
      await until('everything has arrived', () => each.bodies().includes('last'));
      expect([...new Set(each.bodies())]).toEqual([...batch('first'), ...batch('second'), 'last']);
    }
  }, 90_000);

  test('every connection closed by an operator comes back, and consuming with it', async () => {
    const transport = open(simple());
    const statuses = statusesOf(transport);
    await isConnected(transport);
    const got = await collect(transport, `${prefix}.q`);
    await rabbit.ctl('close_all_connections', 'maintenance');
    await until('it is connected again', () => types(statuses).filter((type) => type === 'connected').length === 2);
    expect(statuses[2]).toMatchObject({ type: 'disconnected', code: 'broker_unreachable', reason: expect.stringContaining('maintenance') });
    await transport.publish(message(`${prefix}.x`, 'k', 'after'));
    await got.arrived(1);
    expect(got.bodies()).toEqual(['after']);
  });

  test('a peer that falls silent is noticed by its heartbeats, and what was in flight gets an outcome', async () => {
    const proxy = await TcpProxy.open({ host: '127.0.0.1', port: rabbit.port });
    cleanUps.push(() => proxy.dispose());
    const url = `amqp://${rabbit.user}:${rabbit.password}@127.0.0.1:${proxy.port}`;
    const transport = open(simple(), { url, heartbeatSeconds: 1 });
    const statuses = statusesOf(transport);
    await isConnected(transport);
    proxy.stall();
    const lost = transport.publish(message(`${prefix}.x`, 'k', 'lost'));
    await until('the silence is noticed', () => types(statuses).includes('disconnected'));
    expect(await lost).toEqual({ outcome: 'closed' });
    await isConnected(transport);
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'after'))).toEqual({ outcome: 'confirmed' });
  });

  test('a confirm that does not come in time leaves the outcome unknown', async () => {
    const proxy = await TcpProxy.open({ host: '127.0.0.1', port: rabbit.port });
    cleanUps.push(() => proxy.dispose());
    const url = `amqp://${rabbit.user}:${rabbit.password}@127.0.0.1:${proxy.port}`;
    const transport = open(simple(), { url, confirmTimeoutMs: 100 });
    await isConnected(transport);
    proxy.stall();
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'unconfirmed' });
    expect(transport.inFlight).toBe(0);
  });

  test('closing a transport whose peer is silent takes no longer than a goodbye', async () => {
    const proxy = await TcpProxy.open({ host: '127.0.0.1', port: rabbit.port });
    cleanUps.push(() => proxy.dispose());
    const transport = open(simple(), { url: `amqp://${rabbit.user}:${rabbit.password}@127.0.0.1:${proxy.port}` });
    await isConnected(transport);
    proxy.stall();
    const before = performance.now();
    await transport.close();
    expect(performance.now() - before).toBeLessThan(3_000);
  });
});

describe('a broker in trouble', () => {
  test('an exchange deleted under a publisher costs its channel only: it is declared again, and consumers do not notice', async () => {
    const transport = open(simple());
    await isConnected(transport);
    const statuses = statusesOf(transport);
    let settle: (settlement: Settlement) => void = () => undefined;
    const got = await collect(transport, `${prefix}.q`, () => new Promise<Settlement>((resolve) => (settle = resolve)), 1);
    await outcomes(['held', 'next'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await got.arrived(1);
    await administer(rabbit.url(), async (model) => {
      const channel = await model.createChannel();
      await channel.deleteExchange(`${prefix}.x`);
    });
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'lost'))).toEqual({ outcome: 'closed' });
    await until('it is connected again', () => types(statuses).includes('connected'));
    expect(types(statuses)).toEqual(['disconnected', 'connecting', 'connected']);
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'after'))).toEqual({ outcome: 'confirmed' });
    settle('ack');
    await got.arrived(2);
    settle('ack');
    await got.arrived(3);
    settle('ack');
    await got.subscription.cancel();
    expect(got.deliveries.map(({ body, redelivered }) => [Buffer.from(body).toString(), redelivered])).toEqual([
      ['held', false],
      ['next', false],
      ['after', false],
    ]);
  });

  test('an alarm blocks publishing and holds back those who wait for `ready`, while consuming and settling go on', async () => {
    // The alarm may last longer than a confirm may take.
    const transport = open(simple(), { confirmTimeoutMs: 60_000 });
    await isConnected(transport);
    const statuses = statusesOf(transport);
    await outcomes(['a', 'b', 'c'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await rabbit.ctl('set_vm_memory_high_watermark', 'absolute', '1MB');
    const blocked = transport.publish(message(`${prefix}.x`, 'k', 'd'));
    await until('the alarm is told', () => transport.state === 'blocked');
    let admitted = false;
    const ready = transport.ready().then(() => (admitted = true));
    const got = await collect(transport, `${prefix}.q`, ({ redelivered }) => (redelivered ? 'ack' : 'requeue'));
    await got.arrived(6);
    expect(admitted).toBe(false);
    await rabbit.ctl('set_vm_memory_high_watermark', '0.4');
    await until('the alarm is over', () => transport.state === 'connected');
    await ready;
    expect(await blocked).toEqual({ outcome: 'confirmed' });
    expect(types(statuses)).toEqual(['blocked', 'unblocked']);
  });
});
