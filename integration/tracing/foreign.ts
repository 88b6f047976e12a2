// Somebody else on the broker, with a client library of their own: publishes what no program of ours would, and takes copies.
import { connect, type ConsumeMessage } from 'amqplib';

export interface Foreign {
  publish(exchange: string, key: string, body: Buffer): void;
  /** The same message once more: body, properties and headers. */
  repeat(message: ConsumeMessage): void;
  /** A copy of what comes to an exchange from now on. */
  tap(exchange: string, key: string): Promise<readonly ConsumeMessage[]>;
  close(): Promise<void>;
}

export const connectForeign = async (url: string): Promise<Foreign> => {
  const model = await connect(url);
  model.on('error', () => undefined);
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  return {
    publish: (exchange, key, body) => void channel.publish(exchange, key, body),
    repeat: ({ content, fields, properties }) => void channel.publish(fields.exchange, fields.routingKey, content, properties),
    async tap(exchange, key) {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(queue, exchange, key);
      const messages: ConsumeMessage[] = [];
      await channel.consume(queue, (message) => void (message !== null && messages.push(message)), { noAck: true });
      return messages;
    },
    close: () => model.close(),
  };
};
