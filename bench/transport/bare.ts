// The peer: amqplib as whoever writes their own transport would use it. Two connections, publisher confirms, mandatory.
import type { BrokerAccess } from './fresh.ts';
import { connectBare, onFreshQueue } from './fresh.ts';
import { opaqueBody, prefetch, Tally, windowed, windowMessages } from './load.ts';
import type { SendOne } from '../latency.ts';

export interface BareLoad {
  readonly messages: number;
  readonly bytes: number;
  /** Deliveries that one acknowledgement covers. */
  readonly ackEvery: number;
}

/** Messages a second, from publish to acknowledgement. */
export const bareOneWay = (access: BrokerAccess, { messages, bytes, ackEvery }: BareLoad): Promise<number> =>
  onFreshQueue(access, async ({ exchange, queue, key }) => {
    const [publishing, consuming] = await Promise.all([connectBare(access), connectBare(access)]);
    const tally = new Tally(messages);
    const sender = await publishing.createConfirmChannel();
    sender.on('return', () => tally.fail(new Error('a message was returned')));
    const receiver = await consuming.createChannel();
    await receiver.prefetch(prefetch);
    await receiver.consume(queue, (message) => {
      if (message === null) return;
      const received = tally.received();
      if (received % ackEvery === 0 || received === messages) receiver.ack(message, ackEvery > 1);
    });
    const body = opaqueBody(bytes);
    const rate = await tally.rate(() =>
      windowed(messages, windowMessages, (_, more) => {
        sender.publish(exchange, key, body, { persistent: true, mandatory: true }, (error: unknown) => {
          if (error !== null) tally.fail(error);
          tally.confirmed();
          more();
        });
      }),
    );
    await receiver.close();
    await Promise.all([publishing.close(), consuming.close()]);
    return rate;
  });

/** Gives `run` what publishes one message and waits for its confirm. */
export const bareSending = <T>(access: BrokerAccess, bytes: number, run: (send: SendOne) => Promise<T>): Promise<T> =>
  onFreshQueue(access, async ({ exchange, key }) => {
    const connection = await connectBare(access);
    const channel = await connection.createConfirmChannel();
    const body = opaqueBody(bytes);
    const result = await run(
      () =>
        new Promise((resolve, reject) => {
          channel.publish(exchange, key, body, { persistent: true, mandatory: true }, (error: unknown) => (error === null ? resolve() : reject(error)));
        }),
    );
    await connection.close();
    return result;
  });
