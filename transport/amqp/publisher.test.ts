import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { ConfirmChannel } from 'amqplib';
import { ManualClock } from '../../effects/manual-clock.ts';
import { message, outcomes } from '../contract/world.ts';
import { Publisher } from './publisher.ts';

type Confirm = (error: unknown) => void;

/** A confirm channel whose broker is the test. */
class FakeChannel extends EventEmitter {
  readonly confirms: Confirm[] = [];
  readonly bodies: string[] = [];
  refusal: Error | undefined;

  publish(_exchange: string, _key: string, body: Buffer, _options: unknown, confirm: Confirm): boolean {
    if (this.refusal !== undefined) throw this.refusal;
    this.bodies.push(body.toString());
    this.confirms.push(confirm);
    return false;
  }

  returns(messageId: string, exchange: string, routingKey: string): void {
    this.emit('return', { properties: { messageId }, fields: { exchange, routingKey } });
  }
}

const start = () => {
  const clock = new ManualClock();
  const channel = new FakeChannel();
  const publisher = new Publisher(channel as unknown as ConfirmChannel, { clock, confirmTimeoutMs: 1_000, name: 'test' });
  return { clock, channel, publisher };
};

describe('publishing on a confirm channel', () => {
  test('a full buffer is no refusal: nothing is sent twice', async () => {
    const { channel, publisher } = start();
    const published = ['a', 'b'].map((body) => publisher.publish(message('x', 'k', body)));
    for (const confirm of channel.confirms) confirm(null);
    expect(await outcomes(published)).toEqual(['confirmed', 'confirmed']);
    expect(channel.bodies).toEqual(['a', 'b']);
  });

  test('a confirm that never comes is `unconfirmed` after the time-out, and one that comes later changes nothing', async () => {
    const { clock, channel, publisher } = start();
    const published = publisher.publish(message('x', 'k'));
    await clock.advance(999);
    const other = publisher.publish(message('x', 'k'));
    await clock.advance(1);
    expect(await published).toEqual({ outcome: 'unconfirmed' });
    channel.confirms[0]?.(null);
    channel.confirms[1]?.(null);
    expect(await other).toEqual({ outcome: 'confirmed' });
    expect(clock.armed).toBe(0);
  });

  test('a refusal is `nacked`, the end of the channel is `closed`', async () => {
    const { channel, publisher } = start();
    const published = ['a', 'b'].map((body) => publisher.publish(message('x', 'k', body)));
    channel.confirms[0]?.(new Error('message nacked'));
    channel.confirms[1]?.(new Error('channel closed'));
    expect(await outcomes(published)).toEqual(['nacked', 'closed']);
  });

  test('what is thrown is an outcome too: `closed` by a channel that ended, `nacked` by a message that cannot be encoded', async () => {
    const { clock, channel, publisher } = start();
    channel.refusal = Object.assign(new Error('Channel closed'), { name: 'IllegalOperationError' });
    expect(await publisher.publish(message('x', 'k'))).toEqual({ outcome: 'closed' });
    channel.refusal = new RangeError('headers too large');
    expect(await publisher.publish(message('x', 'k'))).toEqual({ outcome: 'nacked' });
    expect(clock.armed).toBe(0);
  });

  test('each return makes one of the publishes it fits unroutable, whatever order the acks come in', async () => {
    const { channel, publisher } = start();
    const sent = [
      message('x', 'lost', '1', { messageId: 'same' }),
      message('x', 'kept', '2', { messageId: 'same' }),
      message('x', 'lost', '3', { messageId: 'same' }),
      message('x', 'lost', '4', { messageId: 'other' }),
    ];
    const published = sent.map((one) => publisher.publish(one));
    channel.returns('same', 'x', 'lost');
    channel.returns('same', 'x', 'lost');
    for (const index of [1, 3, 2, 0]) channel.confirms[index]?.(null);
    expect(await outcomes(published)).toEqual(['unroutable', 'confirmed', 'unroutable', 'confirmed']);
  });

  test('when nobody waits any more, everything in flight is `closed` at once', async () => {
    const { clock, publisher } = start();
    const published = ['a', 'b'].map((body) => publisher.publish(message('x', 'k', body)));
    publisher.abandon();
    expect(await outcomes(published)).toEqual(['closed', 'closed']);
    expect(clock.armed).toBe(0);
  });
});
