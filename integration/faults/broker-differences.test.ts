// What brokers do alike and what they do not (the table of transport/amqp/broker.ts), seen by a bare client. Row 15 rests on it: why a
// delivery limit is always set, and why `requeue` is a reject.
import { randomBytes } from 'node:crypto';
import { expect, describe, test } from '@jest/globals';
import type { ConsumeMessage } from 'amqplib';
import { brokersAtHand } from '../broker/at-hand.ts';
import { bandOf } from '../broker/test-broker.ts';
import { administer } from '../contract/amqp-world.ts';
import { useBroker } from './broker-world.ts';

type How = 'reject' | 'nack';

interface Requeued {
  /** The counts that each delivery had, the first one first. */
  readonly counts: ReadonlyArray<{ readonly delivered: unknown; readonly acquired: unknown; readonly redelivered: boolean }>;
  readonly end: 'dead-lettered' | 'still there';
}

/** Far beyond any limit that is not set by us. */
const patience = 30;

const countsOf = ({ fields, properties }: ConsumeMessage): Requeued['counts'][number] => ({
  delivered: properties.headers?.['x-delivery-count'],
  acquired: properties.headers?.['x-acquired-count'],
  redelivered: fields.redelivered,
});

/** One message in a quorum queue without a limit, given back as often as it comes. */
const requeued = (url: string, how: How): Promise<Requeued> =>
  administer(url, async (model) => {
    const name = `differs-${randomBytes(6).toString('hex')}`;
    const channel = await model.createConfirmChannel();
    await channel.assertExchange(`${name}.x`, 'fanout', { durable: false });
    await channel.assertQueue(`${name}.dead`, { durable: false, exclusive: true });
    await channel.bindQueue(`${name}.dead`, `${name}.x`, '');
    await channel.assertQueue(name, { durable: true, deadLetterExchange: `${name}.x`, arguments: { 'x-queue-type': 'quorum' } });
    channel.sendToQueue(name, Buffer.from('again'), { persistent: true });
    await channel.waitForConfirms();
    const counts: Array<Requeued['counts'][number]> = [];
    const end = await new Promise<Requeued['end']>((resolve) => {
      void channel.consume(`${name}.dead`, () => resolve('dead-lettered'), { noAck: true });
      void channel.consume(name, (delivery) => {
        if (delivery === null) return;
        counts.push(countsOf(delivery));
        if (counts.length > patience) {
          channel.ack(delivery);
          resolve('still there');
        } else if (how === 'reject') channel.reject(delivery, true);
        else channel.nack(delivery, false, true);
      });
    });
    await channel.deleteQueue(name);
    await channel.deleteExchange(`${name}.x`);
    return { counts, end };
  });

describe.each(await brokersAtHand())('on $title', (kind) => {
  const world = useBroker(kind);
  const band = bandOf(kind.version);
  const ofOld = band === 'below 4';

  test.each<How>(['reject', 'nack'])('row 15: what is given back by a %s without a limit of ours is counted, and ends, as the table says', async (how) => {
    const { counts, end } = await requeued(world.broker().url(), how);
    const counted = how === 'reject' || band !== 'from 4.3';
    expect(counts[0]).toEqual({ delivered: undefined, acquired: undefined, redelivered: false });
    expect(counts.slice(1, 4)).toEqual([1, 2, 3].map((nth) => ({ delivered: counted ? nth : undefined, acquired: band === 'from 4.3' ? nth : undefined, redelivered: true })));
    // A limit of twenty: the first delivery and as many more.
    expect([end, counts.length]).toEqual(ofOld || !counted ? ['still there', patience + 1] : ['dead-lettered', 21]);
  });
});
