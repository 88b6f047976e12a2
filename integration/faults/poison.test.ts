// Row 15 of the faults: a message that no handler can take, and one that nobody can read, on every broker at hand. Brokers
// differ in what they count (transport/amqp/broker.ts); what becomes of the message may not.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connect, type GetMessage } from 'amqplib';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { routingKey } from '../../protocol/routing.ts';
import { connectAlone } from '../../supervisors/testing/connect-alone.ts';
import { collect, deadLetterTopology, message, outcomes, until } from '../../transport/contract/world.ts';
import type { Settlement, Transport } from '../../transport/port.ts';
import { namesFor } from '../../transport/topology.ts';
import { brokersAtHand, startBroker } from '../broker/at-hand.ts';
import type { TestBroker } from '../broker/test-broker.ts';
import { clusterName, ProcessCluster } from '../cluster/process-cluster.ts';
import { administer } from '../contract/amqp-world.ts';

const deliveryLimit = 3;
/** Not text, so that nothing on the way can have read and written it. */
const poison = Buffer.from([0, 0xff, 0xfe, 0x80, 0x0a]);
const isPoison = (body: Uint8Array): boolean => poison.equals(body);

describe.each(await brokersAtHand())('$title', (kind) => {
  let broker: TestBroker;
  let transport: Transport | undefined;
  let cluster: ProcessCluster | undefined;

  beforeAll(async () => {
    broker = await startBroker(kind);
  }, 180_000);

  afterEach(async () => {
    await transport?.close();
    await cluster?.dispose();
    transport = undefined;
    cluster = undefined;
  });

  afterAll(() => broker?.dispose());

  /** What is in a queue of dead letters, read as an operator would. */
  const dead = (queue: string): Promise<readonly GetMessage[]> =>
    administer(broker.url(), async (model) => {
      const channel = await model.createChannel();
      const got: GetMessage[] = [];
      for (let next = await channel.get(queue, { noAck: true }); next !== false; next = await channel.get(queue, { noAck: true })) got.push(next);
      return got;
    });

  const open = async (): Promise<{ readonly prefix: string; readonly transport: Transport }> => {
    const prefix = `poison-${randomBytes(6).toString('hex')}`;
    const topology = deadLetterTopology(prefix, { type: 'quorum', deliveryLimit });
    const opened = connectAlone({ name: 'poison', topology, urls: [broker.url()], clock: systemClock, random: systemRandom, retryMs: { first: 50, most: 500 } });
    transport = opened;
    await until('it is connected', () => opened.state === 'connected');
    return { prefix, transport: opened };
  };

  const fates: readonly (readonly [string, () => Settlement])[] = [
    ['always fails', () => { throw new Error('cannot be done'); }],
    ['always asks for another delivery', () => 'requeue'],
  ];

  test.each(fates)('row 15: a message whose handler %s is delivered up to the limit, then set aside with its bytes, and its neighbours are taken once', async (_, fate) => {
    const { prefix, transport: opened } = await open();
    const bodies = ['before', 'beside', 'after'];
    const got = await collect(opened, `${prefix}.q`, ({ body }) => (isPoison(body) ? fate() : 'ack'), 1);
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
    const { prefix, transport: opened } = await open();
    const got = await collect(opened, `${prefix}.q`, () => 'reject');
    await opened.publish(message(`${prefix}.x`, 'k', '', { body: poison }));
    const set: GetMessage[] = [];
    await waitFor('it is set aside', async () => set.push(...(await dead(`${prefix}.dead`))) > 0, 30_000);
    expect(set[0]!.properties.headers?.['x-death']?.[0]).toMatchObject({ reason: 'rejected' });
    expect(got.deliveries).toHaveLength(1);
  }, 60_000);

  test('row 25: a frame that the server cannot read goes to the dead letters at once with its bytes, and the frames behind it are stored', async () => {
    cluster = new ProcessCluster(broker.url());
    const names = namesFor(cluster.prefix);
    await cluster.startServer();
    await cluster.startNode('n1');
    await cluster.inPhase('ready', 'n1');
    const model = await connect(broker.url());
    const channel = await model.createConfirmChannel();
    const key = routingKey({ type: 'events', cluster: clusterName, node: 'n1' });
    channel.publish(names.reports, key, poison, { persistent: true, mandatory: true });
    channel.publish(names.reports, key, Buffer.from('{"type":"events","version":'), { persistent: true, mandatory: true });
    await channel.waitForConfirms();
    await model.close();
    const set: GetMessage[] = [];
    await waitFor('both are set aside', async () => set.push(...(await dead(names.dead))) > 1 || set.length > 1, 30_000);
    expect(set.map(({ content }) => content.toString('latin1'))).toEqual([poison.toString('latin1'), '{"type":"events","version":']);
    for (const { properties } of set) expect(properties.headers?.['x-death']?.[0]).toMatchObject({ reason: 'rejected', count: 1, queue: names.reports });
    expect(await cluster.jetpack('n1', ['log', 'behind them'])).toEqual({ code: 0, stdout: '', stderr: '' });
    await waitFor('the next frame is stored', async () => (await cluster!.logged()).includes('behind them'), 30_000);
  }, 120_000);
});
