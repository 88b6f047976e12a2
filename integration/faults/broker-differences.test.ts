// What RabbitMQ counts of a message that comes again, and up to which number, as the table of transport/amqp/broker.ts has it: a client
// without any of our code asks each version itself. That it differs is what the tests of queues.test.ts must not feel.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Channel, ConsumeMessage } from 'amqplib';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { brokersAtHand } from '../broker/at-hand.ts';
import { bandOf } from '../broker/test-broker.ts';
import { administer } from '../contract/amqp-world.ts';
import { useBroker } from './broker-world.ts';

/** RabbitMQ's, from 4.0 on. */
const usualLimit = 20;

type Settle = (channel: Channel, delivery: ConsumeMessage) => void;

const byReject: Settle = (channel, delivery) => channel.reject(delivery, true);
const byNack: Settle = (channel, delivery) => channel.nack(delivery, false, true);
const done: Settle = (channel, delivery) => channel.ack(delivery);

describe.each(await brokersAtHand())('on $title', (kind) => {
  const world = useBroker(kind);
  const band = bandOf(kind.version);

  /** One message through a quorum queue without a limit of its own: its deliveries, the nth of them settled by the nth way, up to the last one or its death. */
  const deliveries = (ways: readonly Settle[]): Promise<{ readonly got: readonly ConsumeMessage[]; readonly diedOf: unknown }> =>
    administer(world.broker().url(), async (model) => {
      expect(model.connection.serverProperties.version).toContain(kind.version);
      const queue = `bare-${randomBytes(6).toString('hex')}`;
      const channel = await model.createConfirmChannel();
      await channel.assertQueue(`${queue}.dead`, { durable: true });
      await channel.assertQueue(queue, { durable: true, deadLetterExchange: '', deadLetterRoutingKey: `${queue}.dead`, arguments: { 'x-queue-type': 'quorum' } });
      await channel.prefetch(1);
      const got: ConsumeMessage[] = [];
      const dead: ConsumeMessage[] = [];
      await channel.consume(`${queue}.dead`, (delivery) => void (delivery !== null && dead.push(delivery)), { noAck: true });
      await channel.consume(queue, (delivery) => {
        if (delivery === null) return;
        got.push(delivery);
        (ways[got.length - 1] ?? done)(channel, delivery);
      });
      channel.sendToQueue(queue, Buffer.from('again and again'), { persistent: true });
      await channel.waitForConfirms();
      await waitFor('its last delivery, or its death', () => got.length === ways.length || dead.length > 0);
      return { got, diedOf: dead[0]?.properties.headers?.['x-death']?.[0]?.reason };
    });

  const header = (name: string, got: readonly ConsumeMessage[]): readonly unknown[] => got.map(({ properties }) => properties.headers?.[name]);

  test('row 15: `x-delivery-count` is absent at first, then counts what was rejected to come again', async () => {
    const { got } = await deliveries([byReject, byReject, done]);
    expect(got.map(({ fields }) => fields.redelivered)).toEqual([false, true, true]);
    expect(header('x-delivery-count', got)).toEqual([undefined, 1, 2]);
  });

  test(`row 15: a nack with requeue ${band === 'from 4.3' ? 'does not count' : 'counts as a reject does'} here`, async () => {
    const { got } = await deliveries([byNack, byNack, byReject, done]);
    const counts = header('x-delivery-count', got).map((count) => count ?? 0);
    expect(counts).toEqual(band === 'from 4.3' ? [0, 0, 0, 1] : [0, 1, 2, 3]);
  });

  test(`row 15: ${band === 'from 4.3' ? '`x-acquired-count` counts every assignment' : 'there is no `x-acquired-count`'} here`, async () => {
    const { got } = await deliveries([byNack, byReject, byNack, done]);
    const [, ...again] = header('x-acquired-count', got);
    const first = Number(again[0]);
    expect(again).toEqual(band === 'from 4.3' ? [first, first + 1, first + 2] : [undefined, undefined, undefined]);
  });

  test(`row 15: a queue without a limit ${band === 'below 4' ? 'delivers for ever' : `has one of ${usualLimit} redeliveries`} here`, async () => {
    const { diedOf, got } = await deliveries([...Array.from({ length: usualLimit + 5 }, () => byReject), done]);
    expect([got.length, diedOf]).toEqual(band === 'below 4' ? [usualLimit + 6, undefined] : [usualLimit + 1, 'delivery_limit']);
  });
});
