// Somebody else's program at the user's exchange: takes what `jetpack send` brings, with a client library and nothing of
// this repository but the names.
import { connect, type ConsumeMessage } from 'amqplib';
import { namesFor } from '../../transport/topology.ts';

export interface Taken {
  /** In the order they came. */
  readonly messages: readonly ConsumeMessage[];
  bodies(): readonly string[];
  close(): Promise<void>;
}

/** Binds a queue to the user exchange, declared as nodes and servers declare it, and takes what comes to it. */
export const takeUserMessages = async (url: string, prefix: string, key: string): Promise<Taken> => {
  const { user, unrouted } = namesFor(prefix);
  const model = await connect(url);
  model.on('error', () => undefined);
  const channel = await model.createChannel();
  await channel.assertExchange(user, 'topic', { durable: true, alternateExchange: unrouted });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, user, key);
  const messages: ConsumeMessage[] = [];
  await channel.consume(queue, (message) => void (message !== null && messages.push(message)), { noAck: true });
  return { messages, bodies: () => messages.map(({ content }) => content.toString()), close: () => model.close() };
};
