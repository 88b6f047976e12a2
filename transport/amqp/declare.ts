// Declares a topology. Declaring again what exists with the same arguments changes nothing, so every connect does it.
import type { Channel, Options } from 'amqplib';
import { ok, type Result } from '../../protocol/result.ts';
import type { Queue, Topology } from '../topology.ts';
import { OpenChannel } from './channel.ts';
import type { AmqpConnection } from './connection.ts';
import { declareFailure } from './refusal.ts';

const queueOptions = ({ type, deliveryLimit, deadLetter, expiresMs, messageTtlMs, maxLength }: Queue): Options.AssertQueue => ({
  durable: true,
  // Always said: what a queue without a type becomes depends on the virtual host.
  arguments: { 'x-queue-type': type, ...(deliveryLimit === undefined ? {} : { 'x-delivery-limit': deliveryLimit }) },
  ...(deadLetter === undefined ? {} : { deadLetterExchange: deadLetter }),
  ...(expiresMs === undefined ? {} : { expires: expiresMs }),
  ...(messageTtlMs === undefined ? {} : { messageTtl: messageTtlMs }),
  ...(maxLength === undefined ? {} : { maxLength }),
});

const declareOn = async (channel: Channel, { exchanges, queues, bindings }: Topology): Promise<void> => {
  for (const { name, type, alternate } of exchanges) {
    await channel.assertExchange(name, type, { durable: true, ...(alternate === undefined ? {} : { alternateExchange: alternate }) });
  }
  for (const queue of queues) await channel.assertQueue(queue.name, queueOptions(queue));
  for (const { queue, exchange, key } of bindings) await channel.bindQueue(queue, exchange, key);
};

/** On a channel of its own, for a mismatch ends the channel it is met on. */
export const declareTopology = async (connection: AmqpConnection, topology: Topology): Promise<Result<void>> => {
  try {
    const declaring = new OpenChannel(await connection.model.createChannel(), connection);
    await declareOn(declaring.channel, topology);
    await declaring.close();
    return ok(undefined);
  } catch (error) {
    return { ok: false, error: declareFailure(error) };
  }
};
