import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { ConfirmChannel } from 'amqplib';
import { ManualClock } from '../../effects/manual-clock.ts';
import { message, outcomes } from '../contract/world.ts';
import { Flights } from '../flights.ts';
import { InFlight } from '../in-flight.ts';
import type { OutgoingMessage, PublishOutcome } from '../port.ts';
import { PublishChannel } from './publish-channel.ts';

type Confirm = (error: unknown) => void;

/** A confirm channel whose broker is the test. */
class FakeChannel extends EventEmitter {
  readonly confirms: Confirm[] = [];
  readonly bodies: string[] = [];
  readonly properties: unknown[] = [];
  refusal: Error | undefined;

  publish(_exchange: string, _key: string, body: Buffer, properties: unknown, confirm: Confirm): boolean {
    if (this.refusal !== undefined) throw this.refusal;
    this.bodies.push(body.toString());
    this.properties.push(properties);
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
  const flights = new Flights(clock, 1_000, new InFlight(100));
  const publishing = new PublishChannel(channel as unknown as ConfirmChannel, { clock, name: 'test', user: 'me' }, () => Promise.resolve());
  const publish = (sent: OutgoingMessage): Promise<PublishOutcome> =>
    new Promise((resolve) => {
      publishing.publish(flights.begin(sent, resolve));
    });
  return { clock, channel, publish };
};

describe('publishing on a confirm channel', () => {
  test('a full buffer is no refusal: nothing is sent twice (row 13)', async () => {
    const { channel, publish } = start();
    const published = ['a', 'b'].map((body) => publish(message('x', 'k', body)));
    for (const confirm of channel.confirms) confirm(null);
    expect(await outcomes(published)).toEqual(['confirmed', 'confirmed']);
    expect(channel.bodies).toEqual(['a', 'b']);
  });

  test('every message is mandatory and says which user and which program published it', () => {
    const { channel, publish } = start();
    void publish(message('x', 'k', 'a', { messageId: 'id', type: 'events', persistent: false, expiresMs: 1.5 }));
    expect(channel.properties).toEqual([
      { mandatory: true, persistent: false, messageId: 'id', type: 'events', appId: 'test', userId: 'me', timestamp: Date.UTC(2026, 0, 1) / 1_000, expiration: 2 },
    ]);
  });

  test('a confirm that comes after the time-out changes nothing (row 14)', async () => {
    const { clock, channel, publish } = start();
    const published = publish(message('x', 'k'));
    await clock.advance(1_000);
    expect(await published).toEqual({ outcome: 'unconfirmed' });
    channel.confirms[0]?.(null);
    expect(await published).toEqual({ outcome: 'unconfirmed' });
  });

  test('a refusal is `nacked`, the end of the channel is `closed`', async () => {
    const { channel, publish } = start();
    const published = ['a', 'b'].map((body) => publish(message('x', 'k', body)));
    channel.confirms[0]?.(new Error('message nacked'));
    channel.confirms[1]?.(new Error('channel closed'));
    expect(await outcomes(published)).toEqual(['nacked', 'closed']);
  });

  test('what is thrown is an outcome too: `closed` by a channel that ended, `nacked` by a message that cannot be encoded', async () => {
    const { channel, publish } = start();
    channel.refusal = Object.assign(new Error('Channel closed'), { name: 'IllegalOperationError' });
    expect(await publish(message('x', 'k'))).toEqual({ outcome: 'closed' });
    channel.refusal = new RangeError('headers too large');
    expect(await publish(message('x', 'k'))).toEqual({ outcome: 'nacked' });
  });

  test('each return makes one of the publishes it fits unroutable, whatever order the acks come in', async () => {
    const { channel, publish } = start();
    const sent = [
      message('x', 'lost', '1', { messageId: 'same' }),
      message('x', 'kept', '2', { messageId: 'same' }),
      message('x', 'lost', '3', { messageId: 'same' }),
      message('x', 'lost', '4', { messageId: 'other' }),
    ];
    const published = sent.map((one) => publish(one));
    channel.returns('same', 'x', 'lost');
    channel.returns('same', 'x', 'lost');
    for (const index of [1, 3, 2, 0]) channel.confirms[index]?.(null);
    expect(await outcomes(published)).toEqual(['unroutable', 'confirmed', 'unroutable', 'confirmed']);
  });
});
