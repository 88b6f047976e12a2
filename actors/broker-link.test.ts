import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { recordLog } from '../effects/testing/recorded-log.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { OutgoingMessage, PublishOutcome, TransportStatus } from '../transport/port.ts';
import { BrokerLink, failureOf, noteStatus, refusal } from './broker-link.ts';
import { FakeTransport } from './testing/fake-transport.ts';
import { settle } from './testing/world.ts';

const message = (id: string): OutgoingMessage => ({ exchange: 'x', routingKey: 'k', body: Buffer.from(id), messageId: id, persistent: false });

const begin = () => {
  const clock = new ManualClock();
  const transport = new FakeTransport();
  const counted: Array<readonly [exchange: string, ms: number, error: ErrorCode | undefined]> = [];
  const metrics: Metrics = { ...createMetrics(clock), published: (...call) => void counted.push(call) };
  transport.connect();
  return { clock, counted, link: new BrokerLink(transport, { metrics, clock }), transport };
};

describe('a publish asked of the link', () => {
  test.each<readonly [PublishOutcome['outcome'], ErrorCode | undefined]>([
    ['confirmed', undefined],
    ['unroutable', 'unroutable'],
    ['nacked', 'nacked'],
    ['unconfirmed', 'unconfirmed'],
    ['closed', 'transport_closed'],
  ])('that is %s ends so, and is counted with the time it took and the code %p', async (outcome, code) => {
    const { clock, counted, link, transport } = begin();
    const asked = link.publish(message('m'));
    await settle(1);
    await clock.advance(12);
    transport.published[0]?.answer(outcome);
    expect(await asked).toEqual({ outcome });
    expect(counted).toEqual([['x', 12, code]]);
    expect(failureOf({ outcome })).toBe(code);
  });

  test.each<readonly [string, TransportStatus]>([
    ['is out of reach', { type: 'disconnected', code: 'broker_unreachable', reason: 'gone', retryInMs: 1 }],
    ['takes no publishes', { type: 'blocked', reason: 'memory' }],
  ])('while the broker %s is answered `closed` and not made: its bytes would fill this process', async (_what, status) => {
    const { counted, link, transport } = begin();
    transport.tell(status);
    expect(await link.publish(message('m'))).toEqual({ outcome: 'closed' });
    expect([transport.published, counted]).toEqual([[], [['x', 0, 'transport_closed']]]);
  });

  test('goes by with 255 others at a time, the rest in order behind them, and none that waited when the broker was lost', async () => {
    const { link, transport } = begin();
    const asked = Array.from({ length: 300 }, (_, index) => link.publish(message(`${index}`)));
    await settle(1);
    expect(transport.published).toHaveLength(256);
    transport.published[7]?.answer('confirmed');
    await settle(1);
    expect(transport.published.map(({ message: { messageId } }) => messageId)).toEqual(Array.from({ length: 257 }, (_, index) => `${index}`));
    transport.tell({ type: 'blocked', reason: 'memory' });
    for (const { answer } of transport.published) answer('confirmed');
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter(({ outcome }) => outcome === 'closed')).toHaveLength(300 - 257);
    expect(transport.published).toHaveLength(257);
  });

  test('behind 1,024 that wait is answered `closed` at once', async () => {
    const { link, transport } = begin();
    const asked = Array.from({ length: 256 + 1_024 }, (_, index) => link.publish(message(`${index}`)));
    expect(await link.publish(message('too many'))).toEqual({ outcome: 'closed' });
    for (let answered = 0; answered < asked.length; await settle(1)) {
      for (; answered < transport.published.length; answered += 1) transport.published[answered]?.answer('confirmed');
    }
    expect(new Set((await Promise.all(asked)).map(({ outcome }) => outcome))).toEqual(new Set(['confirmed']));
  });
});

test('a drain lets every publish end before it drains the transport', async () => {
  const { link, transport } = begin();
  void link.publish(message('m'));
  const drained = link.drain();
  await settle();
  expect(transport.ends).toEqual([]);
  transport.published[0]?.answer('confirmed');
  await drained;
  expect(transport.ends).toEqual(['drain']);
});

describe('a status of the broker', () => {
  test.each<readonly [TransportStatus, string]>([
    [{ type: 'connecting', attempt: 2 }, 'debug: connecting to the broker'],
    [{ type: 'connected', broker: 'amqp://b:5672/', product: 'RabbitMQ 4.0.5' }, 'info: connected to amqp://b:5672/ (RabbitMQ 4.0.5)'],
    [{ type: 'disconnected', code: 'broker_unreachable', reason: 'reset', retryInMs: 5 }, 'warn: the broker is out of reach: reset'],
    [{ type: 'blocked', reason: 'memory' }, 'warn: the broker takes no publishes for now: memory'],
    [{ type: 'unblocked' }, 'info: the broker takes publishes again'],
    [{ type: 'consumerShared', queue: 'q', others: 1 }, 'warn: q has another consumer: a second program of this name, or a connection that the broker has not given up yet'],
    [{ type: 'consumerLost', queue: 'q', code: 'transport_closed', reason: 'the broker cancelled it' }, 'warn: the consumer of q is set up again: the broker cancelled it'],
    [{ type: 'handlerFailed', queue: 'q', reason: 'thrown' }, 'error: a delivery from q could not be handled: thrown'],
    [{ type: 'settlementDropped', queue: 'q' }, 'debug: a delivery from q was handled after its channel was gone; the broker delivers it again'],
    [{ type: 'closed' }, 'debug: the connection to the broker is closed'],
  ])('is one line of the log: %j', (status, line) => {
    const { logger, lines } = recordLog();
    noteStatus(status, logger);
    expect(lines).toEqual([line]);
  });

  test('that no reconnect can mend is a crash with its code, told apart from all other crashes', () => {
    const { logger, lines } = recordLog();
    let crash: unknown;
    try {
      noteStatus({ type: 'failed', code: 'broker_credentials', reason: 'wrong password' }, logger);
    } catch (error) {
      crash = error;
    }
    expect(crash).toMatchObject({ code: 'broker_credentials', message: 'wrong password' });
    expect(refusal(crash)).toBe('broker_credentials');
    expect(refusal(new Error('another'))).toBeUndefined();
    expect(lines).toEqual([]);
  });
});
