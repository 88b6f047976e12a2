// Declares a topology. Declaring again what exists with the same arguments changes nothing, so every connection does it.
import type { Channel, Options } from 'amqplib';
import { fail, ok, type Result } from '../../protocol/result.ts';
import type { Exchange, Queue, Topology } from '../topology.ts';
import { channelFailure, replyCodeOf } from './refusal.ts';

/** A channel for one purpose: what the broker refuses ends the channel it was asked on. */
export type OnChannel = <T>(work: (channel: Channel) => Promise<T>) => Promise<T>;

const queueOptions = ({ type, deliveryLimit, deadLetter, expiresMs, messageTtlMs, maxLength, singleActive }: Queue): Options.AssertQueue => ({
  durable: true,
  // Always said: what a queue without a type becomes depends on the virtual host.
  arguments: {
    'x-queue-type': type,
    ...(deliveryLimit === undefined ? {} : { 'x-delivery-limit': deliveryLimit }),
    ...(singleActive === undefined ? {} : { 'x-single-active-consumer': true }),
  },
  ...(deadLetter === undefined ? {} : { deadLetterExchange: deadLetter }),
  ...(expiresMs === undefined ? {} : { expires: expiresMs }),
  ...(messageTtlMs === undefined ? {} : { messageTtl: messageTtlMs }),
  ...(maxLength === undefined ? {} : { maxLength }),
});

const make = (channel: Channel, { alternate, name, type }: Exchange): Promise<unknown> =>
  channel.assertExchange(name, type, { durable: true, ...(alternate === undefined ? {} : { alternateExchange: alternate }) });

/** An exchange of somebody else's: it is there, or we may make it, or it has to be waited for. */
const expect = async (onChannel: OnChannel, exchange: Exchange): Promise<Result<void>> => {
  try {
    await onChannel((channel) => channel.checkExchange(exchange.name));
    return ok(undefined);
  } catch (error) {
    if (replyCodeOf(error) !== 404) throw error;
  }
  try {
    await onChannel((channel) => make(channel, exchange));
    return ok(undefined);
  } catch (error) {
    if (replyCodeOf(error) !== 403) throw error;
    return fail('topology_missing', `the exchange ${exchange.name} is not there yet, and this user may not make it`);
  }
};

const declare = async (onChannel: OnChannel, { exchanges, queues, bindings }: Topology): Promise<Result<void>> => {
  for (const exchange of exchanges.filter(({ owned }) => owned === false)) {
    const met = await expect(onChannel, exchange);
    if (!met.ok) return met;
  }
  await onChannel(async (channel) => {
    for (const exchange of exchanges.filter(({ owned }) => owned !== false)) await make(channel, exchange);
    for (const queue of queues) await channel.assertQueue(queue.name, queueOptions(queue));
    for (const { queue, exchange, key } of bindings) await channel.bindQueue(queue, exchange, key);
  });
  return ok(undefined);
};

/** A queue that is locked (405) after its connection was lost half-open is a failure that passes. */
export const declareTopology = async (onChannel: OnChannel, topology: Topology): Promise<Result<void>> => {
  try {
    return await declare(onChannel, topology);
  } catch (error) {
    return { ok: false, error: channelFailure(error) };
  }
};
