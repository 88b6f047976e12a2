import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { ChannelModel } from 'amqplib';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom } from '../../effects/random.ts';
import type { Failure } from '../../protocol/result.ts';
import type { Incoming } from '../broker-side.ts';
import { AmqpConnection } from './connection.ts';
import { settingsFrom } from './options.ts';

const notFound = Object.assign(new Error("NOT_FOUND - no queue 'q'"), { code: 404 });

/** A connection whose broker is the test: what is asked on its channels is logged. */
const scene = () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const refusals: Error[] = [];
  const incoming: Incoming[] = [];
  const delivering: ((message: unknown) => void)[] = [];
  /** Of the consumer that began last. */
  const deliver = (...tags: readonly number[]): void => {
    for (const deliveryTag of tags) delivering.at(-1)?.({ content: Buffer.from(''), fields: { deliveryTag }, properties: {} });
  };
  const made: EventEmitter[] = [];
  const createChannel = async () => {
    const channel = Object.assign(new EventEmitter(), {
      assertQueue: async (name: string) => void log.push(`declare ${name}`),
      bindQueue: async () => undefined,
      prefetch: async () => undefined,
      ack: ({ fields }: { readonly fields: { readonly deliveryTag: number } }, upTo: boolean) => void log.push(`ack ${upTo ? '..' : ''}${fields.deliveryTag}`),
      checkQueue: async () => ({ consumerCount: 0 }),
      consume: async (queue: string, deliver: (message: unknown) => void) => {
        delivering.push(deliver);
        const refusal = refusals.shift();
        if (refusal !== undefined) throw refusal;
        log.push(`consume ${queue}`);
        return { consumerTag: 'tag' };
      },
      close: async () => undefined,
    });
    made.push(channel);
    return channel;
  };
  const model = Object.assign(new EventEmitter(), { createChannel, createConfirmChannel: createChannel, close: async () => void model.emit('close') });
  const topology = { exchanges: [], queues: [{ name: 'q', type: 'classic' as const }], bindings: [] };
  const settings = settingsFrom({ name: 'test', topology, urls: [], clock, random: seededRandom(1) });
  const address = { connect: {}, shown: 'amqp://b/', user: 'u', passwordless: false, inClear: false };
  const profile = { product: 'RabbitMQ 4.0.5', doubt: undefined };
  const lost: Failure[] = [];
  const listener = { lost: (failure: Failure) => void lost.push(failure), alarm: () => undefined };
  const connection = new AmqpConnection(model as unknown as ChannelModel, { address, profile, settings, destroy: () => void log.push('destroy') }, listener);
  const ended: Failure[] = [];
  const consume = (prefetch = 1) => connection.consumer('q', prefetch, { delivered: (one) => void incoming.push(one), dropped: (count) => void log.push(`dropped ${count}`), ended: (failure) => void ended.push(failure) });
  return { clock, connection, consume, deliver, ended, incoming, log, lost, made, model, refusals };
};

describe('the topology on a connection', () => {
  test('is declared once, before its first channel', async () => {
    const { consume, log } = scene();
    expect(await consume()).toMatchObject({ ok: true });
    expect(await consume()).toMatchObject({ ok: true });
    expect(log).toEqual(['declare q', 'consume q', 'consume q']);
  });

  test('is declared again after a queue was not there', async () => {
    const { consume, log, refusals } = scene();
    refusals.push(notFound);
    expect(await consume()).toMatchObject({ ok: false, error: { code: 'broker_unreachable', message: notFound.message } });
    expect(await consume()).toMatchObject({ ok: true });
    expect(log).toEqual(['declare q', 'declare q', 'consume q']);
  });

  test('is declared again after a channel ended, which is told', async () => {
    const { consume, ended, log, made } = scene();
    await consume();
    made.at(-1)?.emit('close');
    await Promise.resolve();
    await consume();
    expect(ended).toEqual([{ code: 'transport_closed', message: 'the channel was closed' }]);
    expect(log).toEqual(['declare q', 'consume q', 'declare q', 'consume q']);
  });
});

describe('the end of a connection', () => {
  test('sends the acknowledgements that wait for others before it says goodbye', async () => {
    const { connection, consume, deliver, incoming, log } = scene();
    await consume(100);
    deliver(1, 2);
    for (const { settle } of incoming) settle('ack');
    await connection.close();
    expect(log).toEqual(['declare q', 'consume q', 'ack ..2', 'destroy']);
  });

  test('with acknowledgements that still wait for others counts them as dropped: those deliveries come again', async () => {
    const { consume, deliver, incoming, log, made, model } = scene();
    await consume(100);
    deliver(1, 2);
    for (const { settle } of incoming) settle('ack');
    model.emit('close', new Error('reset'));
    made.at(-1)?.emit('close');
    await Promise.resolve();
    incoming[0]?.settle('ack');
    expect(log).toEqual(['declare q', 'consume q', 'dropped 2']);
  });

  test('is told with its reason, and what is asked of it afterwards is answered', async () => {
    const { connection, consume, lost, model } = scene();
    model.emit('error', new Error('Heartbeat timeout'));
    model.emit('close');
    expect([connection.alive, lost]).toEqual([false, [{ code: 'broker_unreachable', message: 'amqp://b/: Heartbeat timeout' }]]);
    expect(await consume()).toMatchObject({ ok: false, error: { code: 'transport_closed' } });
  });

  test('that came by itself leaves no socket behind, though the peer never answers the goodbye', async () => {
    const { clock, log, model } = scene();
    model.emit('error', new Error('Heartbeat timeout'));
    model.emit('close');
    await clock.advance(1_000);
    expect(log).toEqual(['destroy']);
  });

  test('that was asked for is not told', async () => {
    const { connection, lost } = scene();
    await Promise.all([connection.close(), connection.close()]);
    expect([connection.alive, lost]).toEqual([false, []]);
  });
});
