import { describe, expect, test } from '@jest/globals';
import type { Channel, ConsumeMessage } from 'amqplib';
import { until } from '../contract/world.ts';
import type { Settlement, TransportStatus } from '../port.ts';
import type { OpenChannel } from './channel.ts';
import { Consumer } from './consumer.ts';
import type { Session } from './session.ts';

const delivery = (routingKey: string): ConsumeMessage => ({
  content: Buffer.from(routingKey),
  fields: { routingKey, exchange: 'x', redelivered: false, deliveryTag: 1, consumerTag: 'tag' },
  properties: { headers: { own: 'kept', 'x-death': [] } } as unknown as ConsumeMessage['properties'],
});

/** A channel whose broker is the test. */
class FakeChannel {
  alive = true;
  readonly log: string[] = [];
  readonly #end = Promise.withResolvers<string>();
  readonly ended = this.#end.promise;
  deliver: (message: ConsumeMessage | null) => void = () => undefined;

  readonly channel = {
    prefetch: (count: number) => Promise.resolve(void this.log.push(`prefetch ${count}`)),
    consume: (_queue: string, deliver: (message: ConsumeMessage | null) => void) => {
      this.log.push('consume');
      this.deliver = deliver;
      return Promise.resolve({ consumerTag: 'tag' });
    },
    cancel: () => Promise.resolve(void this.log.push('cancel')),
    ack: ({ fields }: ConsumeMessage) => void this.log.push(`ack ${fields.routingKey}`),
    reject: ({ fields }: ConsumeMessage, requeue: boolean) => void this.log.push(`${requeue ? 'requeue' : 'reject'} ${fields.routingKey}`),
  };

  close(): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  end(): void {
    this.alive = false;
    this.#end.resolve('ended by the test');
  }

  get consumed(): boolean {
    return this.log.includes('consume');
  }
}

const start = (handler: (key: string) => Settlement | Promise<Settlement>) => {
  const channels = [new FakeChannel(), new FakeChannel()];
  const statuses: TransportStatus[] = [];
  let opened = 0;
  const session = {
    alive: true,
    delay: { next: () => 0 },
    channel: () => Promise.resolve(channels[opened++] as unknown as OpenChannel<Channel>),
    restore: () => Promise.resolve(),
  };
  const consumer = new Consumer(
    'q',
    7,
    ({ routingKey }) => handler(routingKey),
    (status) => void statuses.push(status),
  );
  consumer.attach(session as unknown as Session);
  const [first, second] = channels;
  return { consumer, session, statuses, first: first!, second: second! };
};

describe('consuming a queue over channels that end', () => {
  test('the prefetch is set before anything is consumed', async () => {
    const { first } = start(() => 'ack');
    await until('it consumes', () => first.consumed);
    expect(first.log).toEqual(['prefetch 7', 'consume']);
  });

  test('each settlement goes to the channel of its delivery, a retry as reject and not as nack', async () => {
    const { first } = start((key) => (key as Settlement));
    await until('it consumes', () => first.consumed);
    for (const settlement of ['ack', 'requeue', 'reject']) first.deliver(delivery(settlement));
    expect(first.log.slice(2)).toEqual(['ack ack', 'requeue requeue', 'reject reject']);
  });

  test.each(['the broker cancels it', 'its channel ends'])('when %s, it is told and goes on on another channel, and a late settlement is dropped', async (how) => {
    let finish = (): void => undefined;
    const { first, second, statuses } = start((key) => (key === 'late' ? new Promise((resolve) => (finish = () => resolve('ack'))) : 'ack'));
    await until('it consumes', () => first.consumed);
    first.deliver(delivery('late'));
    if (how === 'its channel ends') first.end();
    else first.deliver(null);
    await until('it consumes anew', () => second.consumed);
    finish();
    second.deliver(delivery('after'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(statuses).toEqual([{ type: 'consumerCancelled', queue: 'q' }]);
    expect(first.log).toEqual(['prefetch 7', 'consume']);
    expect(second.log).toEqual(['prefetch 7', 'consume', 'ack after']);
  });

  test('what arrives after a cancel goes back, and the cancel waits for the handler under way', async () => {
    let finish = (): void => undefined;
    const { first, consumer } = start(() => new Promise((resolve) => (finish = () => resolve('ack'))));
    await until('it consumes', () => first.consumed);
    first.deliver(delivery('under way'));
    const cancelled = consumer.cancel().then(() => first.log.push('cancelled'));
    first.deliver(delivery('too late'));
    await until('the broker is told', () => first.log.includes('cancel'));
    finish();
    await cancelled;
    expect(first.log.slice(2)).toEqual(['requeue too late', 'cancel', 'ack under way', 'cancelled']);
  });

  test('a session that ended is left alone', async () => {
    const { first, second, session, statuses } = start(() => 'ack');
    await until('it consumes', () => first.consumed);
    session.alive = false;
    first.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect([second.log, statuses]).toEqual([[], []]);
  });
});
