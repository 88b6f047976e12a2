// Queues and exchanges that are otherwise than they should be, that vanish, and that refuse; and messages that no handler can
// take or nobody can read. Brokers differ in what they count (transport/amqp/broker.ts); what becomes of a message may not.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { connect, type GetMessage } from 'amqplib';
import { reportsPrefetch } from '../../actors/server/transport.ts';
import { seededRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { limits } from '../../protocol/limits.ts';
import { routingKey } from '../../protocol/routing.ts';
import { collect, deadLetterTopology, message, outcomes, statusesOf, until } from '../../transport/contract/world.ts';
import type { Settlement, Transport } from '../../transport/port.ts';
import { namesFor } from '../../transport/topology.ts';
import { brokersAtHand } from '../broker/at-hand.ts';
import { through } from '../broker/through.ts';
import { clusterName, ProcessCluster } from '../cluster/process-cluster.ts';
import { administer } from '../contract/amqp-world.ts';
import { fresh, reaches, typesOf, useBroker } from './broker-world.ts';

jest.setTimeout(120_000);

const deliveryLimit = 3;
/** Not text, so that nothing on the way can have read and written it. */
const poison = Buffer.from([0, 0xff, 0xfe, 0x80, 0x0a]);
const isPoison = (body: Uint8Array): boolean => poison.equals(body);

describe.each(await brokersAtHand())('on $title', (kind) => {
  const world = useBroker(kind);

  test.each([
    ['x-delivery-limit', { deliveryLimit: 3 }, { deliveryLimit: 4 }],
    ['x-dead-letter-exchange', { deadLetter: 'one' }, { deadLetter: 'other' }],
    ['x-expires', { expiresMs: 60_000 }, {}],
    ['x-message-ttl', {}, { messageTtlMs: 60_000 }],
  ])('row 9: a queue that exists otherwise ends the transport and names %s', async (argument, before, after) => {
    const { prefix, topology } = fresh();
    const { exchanges, queues, bindings } = topology;
    await reaches(world.open({ exchanges, queues: queues.map((queue) => ({ ...queue, ...before })), bindings }), 'connected');
    const transport = world.open({ exchanges, queues: queues.map((queue) => ({ ...queue, ...after })), bindings });
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(statuses.at(-1)).toMatchObject({ code: 'topology_mismatch', reason: expect.stringContaining(argument) });
    expect(statuses.at(-1)).toMatchObject({ reason: expect.stringContaining(`${prefix}.q`) });
  });

  test('row 9: an exchange of another type ends the transport and is named', async () => {
    const { prefix, topology } = fresh();
    await administer(world.broker().url(), async (model) => (await model.createChannel()).assertExchange(`${prefix}.x`, 'fanout', { durable: true }));
    const transport = world.open(topology);
    const statuses = statusesOf(transport);
    await reaches(transport, 'failed');
    expect(statuses.at(-1)).toMatchObject({ code: 'topology_mismatch', reason: expect.stringContaining(`${prefix}.x`) });
  });

  test('row 10: of publishes mixed at random, some under one id, exactly those that no queue takes are `unroutable`', async () => {
    const { prefix, topology } = fresh();
    const transport = world.open({ ...topology, bindings: topology.bindings.map((binding) => ({ ...binding, key: 'taken.#' })) });
    await reaches(transport, 'connected');
    const random = seededRandom(10);
    // Of 200 about a hundred share their id with another, which may have the other key.
    const sent = Array.from({ length: 200 }, () => ({ key: random.next() < 0.4 ? 'nobody' : 'taken.by.q', messageId: `id-${Math.floor(random.next() * 150)}` }));
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBeLessThan(sent.length);
    const expected = sent.map(({ key }) => (key === 'nobody' ? 'unroutable' : 'confirmed'));
    expect(new Set(expected).size).toBe(2);
    expect(await outcomes(sent.map(({ key, messageId }) => transport.publish(message(`${prefix}.x`, key, '', { messageId }))))).toEqual(expected);
  });

  test('row 11: a publish that a full queue refuses is `nacked`, others are not concerned, and it is taken when there is room', async () => {
    const { prefix, topology } = fresh();
    const transport = world.open(topology);
    await reaches(transport, 'connected');
    await administer(world.broker().url(), async (model) => {
      const channel = await model.createChannel();
      await channel.assertQueue(`${prefix}.full`, { maxLength: 1, overflow: 'reject-publish' });
      await channel.bindQueue(`${prefix}.full`, `${prefix}.x`, 'full');
    });
    const told: string[] = [];
    while (told.at(-1) !== 'nacked' && told.length < 10) told.push((await transport.publish(message(`${prefix}.x`, 'full'))).outcome);
    expect(told.at(-1)).toBe('nacked');
    expect(await transport.publish(message(`${prefix}.x`, 'other'))).toEqual({ outcome: 'confirmed' });
    await administer(world.broker().url(), async (model) => (await model.createChannel()).purgeQueue(`${prefix}.full`));
    expect(await transport.publish(message(`${prefix}.x`, 'full'))).toEqual({ outcome: 'confirmed' });
  });

  test('row 6: an exchange deleted under a publisher costs its channel only: it is declared again, and consumers do not notice', async () => {
    const { prefix, topology } = fresh();
    const wire = await world.wire();
    const transport = world.open(topology, { urls: [through(world.broker().url(), wire)] });
    await reaches(transport, 'connected');
    await until('both connections stand', () => wire.counts.open === 2);
    const statuses = statusesOf(transport);
    let settle: (settlement: Settlement) => void = () => undefined;
    const got = await collect(transport, `${prefix}.q`, () => new Promise<Settlement>((resolve) => (settle = resolve)), 1);
    await outcomes(['held', 'next'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await got.arrived(1);
    await administer(world.broker().url(), async (model) => (await model.createChannel()).deleteExchange(`${prefix}.x`));
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'lost'))).toEqual({ outcome: 'closed' });
    await until('it is connected again', () => typesOf(statuses).includes('connected'));
    expect(typesOf(statuses)).toEqual(['disconnected', 'connecting', 'connected']);
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
    // The connections are those of the beginning.
    expect(wire.counts).toMatchObject({ taken: 2, open: 2 });
  });

  test.each(['quorum', 'classic'] as const)('row 7: a %s queue deleted under its consumer is declared and consumed again, and the publisher does not notice', async (type) => {
    const { prefix, topology } = fresh([{ name: 'q', type }]);
    const transport = world.open(topology);
    await reaches(transport, 'connected');
    const statuses = statusesOf(transport);
    const got = await collect(transport, `${prefix}.q`);
    expect(await transport.publish(message(`${prefix}.x`, 'k', 'before'))).toEqual({ outcome: 'confirmed' });
    await got.arrived(1);
    await administer(world.broker().url(), async (model) => (await model.createChannel()).deleteQueue(`${prefix}.q`));
    await until('the cancel is told', () => statuses.some((status) => status.type === 'consumerLost'));
    expect(statuses).toContainEqual({ type: 'consumerLost', queue: `${prefix}.q`, code: 'transport_closed', reason: expect.stringContaining('the broker cancelled it') });
    // Until it is there again, nobody takes it: that is an answer, and the caller repeats.
    const after = message(`${prefix}.x`, 'k', 'after');
    while ((await transport.publish(after)).outcome !== 'confirmed');
    await got.arrived(2);
    expect(got.bodies()).toEqual(['before', 'after']);
    expect(typesOf(statuses)).not.toContain('disconnected');
  });

  /** What is in a queue of dead letters, read as an operator would. */
  const dead = (queue: string): Promise<readonly GetMessage[]> =>
    administer(world.broker().url(), async (model) => {
      const channel = await model.createChannel();
      const got: GetMessage[] = [];
      for (let next = await channel.get(queue, { noAck: true }); next !== false; next = await channel.get(queue, { noAck: true })) got.push(next);
      return got;
    });

  const withDeadLetters = async (): Promise<{ readonly prefix: string; readonly transport: Transport }> => {
    const prefix = `poison-${randomBytes(6).toString('hex')}`;
    const topology = deadLetterTopology(prefix, { type: 'quorum', deliveryLimit });
    const opened = world.open(topology);
    await reaches(opened, 'connected');
    return { prefix, transport: opened };
  };

  const fates: readonly (readonly [string, () => Settlement])[] = [
    ['always fails', () => { throw new Error('cannot be done'); }],
    ['always asks for another delivery', () => 'requeue'],
  ];

  test.each(
    fates.flatMap(([what, fate]) => [1, reportsPrefetch].map((prefetch) => ({ what, fate, prefetch }))),
  )('row 15: a message whose handler $what is delivered up to the limit, then set aside with its bytes, and its neighbours are taken once, $prefetch at a time', async ({ fate, prefetch }) => {
    const { prefix, transport: opened } = await withDeadLetters();
    const bodies = ['before', 'beside', 'after'];
    const got = await collect(opened, `${prefix}.q`, ({ body }) => (isPoison(body) ? fate() : 'ack'), prefetch);
    const exchange = `${prefix}.x`;
    const publishes = [message(exchange, 'k', 'before'), message(exchange, 'poison.key', '', { body: poison, messageId: 'the-poison' }), message(exchange, 'k', 'beside'), message(exchange, 'k', 'after')];
    expect(await outcomes(publishes.map((each) => opened.publish(each)))).toEqual(publishes.map(() => 'confirmed'));
    const set: GetMessage[] = [];
    await waitFor('it is set aside', async () => set.push(...(await dead(`${prefix}.dead`))) > 0, 30_000);
    expect(set).toHaveLength(1);
    expect(set[0]!.content).toEqual(poison);
    expect(set[0]!.properties.messageId).toBe('the-poison');
    expect(set[0]!.properties.headers?.['x-death']?.[0]).toMatchObject({ reason: 'delivery_limit', queue: `${prefix}.q`, 'routing-keys': ['poison.key'] });
    const others = got.deliveries.filter(({ body }) => !isPoison(body));
    expect(others.map(({ body, redelivered }) => [Buffer.from(body).toString(), redelivered])).toEqual(bodies.map((body) => [body, false]));
    expect(got.deliveries.filter(({ body }) => isPoison(body)).map(({ redelivered }) => redelivered)).toEqual([false, ...Array.from({ length: deliveryLimit }, () => true)]);
  }, 60_000);

  test('row 15: a message that is refused is set aside at once', async () => {
    const { prefix, transport: opened } = await withDeadLetters();
    const got = await collect(opened, `${prefix}.q`, () => 'reject');
    await opened.publish(message(`${prefix}.x`, 'k', '', { body: poison }));
    const set: GetMessage[] = [];
    await waitFor('it is set aside', async () => set.push(...(await dead(`${prefix}.dead`))) > 0, 30_000);
    expect(set[0]!.properties.headers?.['x-death']?.[0]).toMatchObject({ reason: 'rejected' });
    expect(got.deliveries).toHaveLength(1);
  }, 60_000);

  test('row 25: frames that the server cannot read go to the dead letters at once with their bytes, and the frames behind them are stored', async () => {
    const cluster = new ProcessCluster(world.broker().url());
    world.later(() => cluster.dispose());
    const names = namesFor(cluster.prefix);
    await cluster.startServer();
    await cluster.startNode('n1');
    await cluster.inPhase('ready', 'n1');
    const unreadable: readonly (readonly [string, Buffer])[] = [
      ['frame_corrupt', poison],
      ['frame_corrupt', Buffer.from('{"type":"events","version":')],
      ['frame_version_unknown', Buffer.from('{"v":99,"kind":"events","body":{}}')],
      ['frame_oversize', Buffer.alloc(limits.frame + 1, ' ')],
    ];
    const model = await connect(world.broker().url());
    const channel = await model.createConfirmChannel();
    const key = routingKey({ type: 'events', cluster: clusterName, node: 'n1' });
    for (const [, bytes] of unreadable) channel.publish(names.reports, key, bytes, { persistent: true, mandatory: true });
    await channel.waitForConfirms();
    await model.close();
    const set: GetMessage[] = [];
    await waitFor('all are set aside', async () => set.push(...(await dead(names.dead))) >= unreadable.length, 30_000);
    expect(set.map(({ content }, index) => content.equals(unreadable[index]?.[1] ?? Buffer.alloc(0)))).toEqual(unreadable.map(() => true));
    for (const { properties } of set) expect(properties.headers?.['x-death']?.[0]).toMatchObject({ reason: 'rejected', count: 1, queue: names.events });
    const log = readFileSync(path.join(cluster.home('server'), 'logs', 'cycle-server.log'), 'utf8');
    expect(Array.from(log.matchAll(/a frame was refused: .* code=(\w+)/g), ([, code]) => code)).toEqual(unreadable.map(([code]) => code));
    expect(await cluster.jetpack('n1', ['log', 'behind them'])).toEqual({ code: 0, stdout: '', stderr: '' });
    await waitFor('the next frame is stored', async () => (await cluster.logged()).includes('behind them'), 30_000);
  }, 120_000);
});
