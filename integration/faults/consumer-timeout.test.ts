// Row 8 of the faults: a handler that takes longer than the broker waits. Up to 4.2 that costs the channel (406), since 4.3 the
// consumer; either way the message is delivered again, to a new consumer, and nothing is lost.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { connectAlone } from '../../supervisors/testing/connect-alone.ts';
import { collect, message, outcomes, statusesOf, topicTopology, until } from '../../transport/contract/world.ts';
import type { Settlement, Transport } from '../../transport/port.ts';
import { brokersAtHand, startBroker } from '../broker/at-hand.ts';
import { bandOf, type OwnBroker } from '../broker/test-broker.ts';
import { administer } from '../contract/amqp-world.ts';

/** Brokers that look once a minute by default are told to look often. */
const impatient = '[{rabbit, [{consumer_timeout, 3000}, {channel_tick_interval, 1000}]}].';

/** The broker closes the channel, or cancels the consumer alone. */
const cancels = (version: string): boolean => bandOf(version) === 'from 4.3';

describe.each(await brokersAtHand())('$title', (kind) => {
  let broker: OwnBroker;
  let transport: Transport | undefined;

  beforeAll(async () => {
    broker = await startBroker(kind, { advanced: impatient });
  }, 180_000);

  afterEach(() => transport?.close());

  afterAll(() => broker?.dispose());

  test(`row 8: this broker ${cancels(kind.version) ? 'cancels the consumer' : 'closes the channel with 406'} when an acknowledgement takes too long`, async () => {
    const queue = `bare-${randomBytes(6).toString('hex')}`;
    const seen = await administer(broker.url(), async (model) => {
      const channel = await model.createConfirmChannel();
      await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      channel.sendToQueue(queue, Buffer.from('held'), { persistent: true });
      await channel.waitForConfirms();
      return new Promise<string>((resolve) => {
        channel.on('error', ({ message: reason }: Error) => resolve(reason));
        void channel.consume(queue, (delivery) => delivery === null && resolve('cancelled'));
      });
    });
    expect(seen).toMatch(cancels(kind.version) ? /^cancelled$/ : /406 \(PRECONDITION-FAILED\).*timed out/);
  }, 120_000);

  test('row 8: a handler that overstays costs its own consumer, and what it held is delivered again to the next', async () => {
    const prefix = `overstay-${randomBytes(6).toString('hex')}`;
    const topology = topicTopology(prefix, [{ name: 'slow', type: 'quorum', deliveryLimit: 10 }, { name: 'other', type: 'quorum', deliveryLimit: 10 }], { slow: 'slow', other: 'other' });
    const opened = connectAlone({ name: 'overstay', topology, urls: [broker.url()], clock: systemClock, random: systemRandom, retryMs: { first: 50, most: 500 } });
    transport = opened;
    await until('it is connected', () => opened.state === 'connected');
    const statuses = statusesOf(opened);
    const held = Promise.withResolvers<Settlement>();
    const other = await collect(opened, `${prefix}.other`);
    const slow = await collect(opened, `${prefix}.slow`, ({ body, redelivered }) => (Buffer.from(body).toString() === 'long' && !redelivered ? held.promise : 'ack'), 3);
    const bodies = ['long', 'second', 'third'];
    expect(await outcomes(bodies.map((body) => opened.publish(message(`${prefix}.x`, 'slow', body))))).toEqual(bodies.map(() => 'confirmed'));
    const again = () => slow.deliveries.filter(({ body, redelivered }) => redelivered && Buffer.from(body).toString() === 'long');
    await waitFor('the message that was held comes again', () => again().length > 0, 45_000);
    // Too late: the delivery it belongs to is not this consumer's any more, and an acknowledgement would kill the next channel.
    held.resolve('ack');
    expect(await outcomes([opened.publish(message(`${prefix}.x`, 'slow', 'later')), opened.publish(message(`${prefix}.x`, 'other', 'beside'))])).toEqual(['confirmed', 'confirmed']);
    await waitFor('both queues go on', () => slow.bodies().includes('later') && other.bodies().includes('beside'), 30_000);
    expect(new Set(slow.bodies())).toEqual(new Set([...bodies, 'later']));
    await waitFor('nothing is left', async () => {
      const rows = (await broker.ctl('list_queues', 'name', 'messages', '--no-table-headers')).split('\n').filter((row) => row.startsWith(prefix));
      return rows.length === 2 && rows.every((row) => row.endsWith('\t0'));
    }, 30_000);
    expect(other.deliveries.map(({ redelivered }) => redelivered)).toEqual([false]);
    // One that looks so often may close a channel twice before a slow client has answered; amqplib then ends the connection. So
    // this says nothing of connections, and the consumer beside it is judged by what it got.
    const cancelled = statuses.flatMap((status) => (status.type === 'consumerLost' ? [status.queue] : []));
    expect(new Set(cancelled)).toEqual(new Set([`${prefix}.slow`]));
  }, 120_000);
});
