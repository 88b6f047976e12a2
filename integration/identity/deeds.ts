// What a user of a broker attempts there, each on a channel of its own, and what the broker answers.
import type { ChannelModel, ConfirmChannel } from 'amqplib';

export type Deed = (channel: ConfirmChannel) => Promise<unknown>;

/** `ok`, or why the broker closed the channel. */
export const attempt = async (connection: ChannelModel, deed: Deed): Promise<string> => {
  const channel = await connection.createConfirmChannel();
  const closed = new Promise<string>((resolve) => channel.on('error', (error: Error) => resolve(error.message)));
  const done = deed(channel).then(
    () => 'ok',
    () => closed,
  );
  const outcome = await Promise.race([done, closed]);
  await channel.close().catch(() => undefined);
  return outcome;
};

export const publishing = (exchange: string, key: string, body: Uint8Array, userId?: string): Deed => async (channel) => {
  channel.publish(exchange, key, Buffer.from(body), userId === undefined ? {} : { userId });
  await channel.waitForConfirms();
};
