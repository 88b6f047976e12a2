// Somebody else's queue at the user's exchange, which keeps what `jetpack send` brings until it is read: durable and replicated,
// for its owner must not lose what was confirmed when the broker dies.
import { connect } from 'amqplib';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { namesFor } from '../../transport/topology.ts';
import { administer } from '../contract/amqp-world.ts';

const queueOf = (prefix: string): string => `${prefix}.kept`;

export const keepUserMessages = (url: string, prefix: string, key: string): Promise<void> =>
  administer(url, async (model) => {
    const { unrouted, user } = namesFor(prefix);
    const channel = await model.createChannel();
    await channel.assertExchange(user, 'topic', { durable: true, alternateExchange: unrouted });
    await channel.assertQueue(queueOf(prefix), { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await channel.bindQueue(queueOf(prefix), user, key);
    await channel.close();
  });

/** Takes what is kept until `enough` says so of the bodies, or `withinMs` are over. In order. */
export const takeKept = async (url: string, prefix: string, enough: (bodies: readonly string[]) => boolean, withinMs: number): Promise<readonly string[]> => {
  const model = await connect(url);
  model.on('error', () => undefined);
  try {
    const channel = await model.createChannel();
    const bodies: string[] = [];
    await channel.prefetch(500);
    await channel.consume(queueOf(prefix), (message) => {
      if (message === null) return;
      bodies.push(message.content.toString());
      channel.ack(message);
    });
    // What does not come in time is lost, and the verdict says what.
    await waitFor('every message that was kept', () => enough(bodies), withinMs).catch(() => undefined);
    return bodies;
  } finally {
    await model.close();
  }
};
