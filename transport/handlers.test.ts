import { describe, expect, test } from '@jest/globals';
import { Handlers } from './handlers.ts';
import type { Delivery, DeliveryHandler, Settlement } from './port.ts';

const delivery: Delivery = {
  body: new Uint8Array(),
  exchange: 'x',
  routingKey: 'k',
  queue: 'q',
  messageId: undefined,
  correlationId: undefined,
  contentType: undefined,
  headers: {},
  redelivered: false,
  userId: undefined,
};

const run = async (handle: DeliveryHandler): Promise<{ settled: Settlement[]; failures: string[]; synchronously: boolean }> => {
  const settled: Settlement[] = [];
  const failures: string[] = [];
  const handlers = new Handlers(handle, (reason) => void failures.push(reason));
  handlers.run(delivery, (settlement) => void settled.push(settlement));
  const synchronously = settled.length > 0;
  await handlers.idle();
  return { settled, failures, synchronously };
};

describe('the handlers of a subscription', () => {
  test('an answer given at once settles at once', async () => {
    expect(await run(() => 'reject')).toEqual({ settled: ['reject'], failures: [], synchronously: true });
  });

  test('an answer given later settles later', async () => {
    expect(await run(() => Promise.resolve('ack'))).toEqual({ settled: ['ack'], failures: [], synchronously: false });
  });

  test('whatever is thrown counts as `requeue` and is reported', async () => {
    const thrown = () => {
      throw new Error('broken');
    };
    const odd: unknown = Object.create(null);
    expect(await run(thrown)).toEqual({ settled: ['requeue'], failures: ['broken'], synchronously: true });
    expect(await run(() => Promise.reject(odd as Error))).toEqual({ settled: ['requeue'], failures: ['an error without a message'], synchronously: false });
  });

  test('`idle` waits for every one of them', async () => {
    const finish: (() => void)[] = [];
    const handlers = new Handlers(
      () => new Promise((resolve) => void finish.push(() => resolve('ack'))),
      () => undefined,
    );
    const settled: Settlement[] = [];
    for (let count = 0; count < 2; count++) handlers.run(delivery, (settlement) => void settled.push(settlement));
    let idle = false;
    const waited = handlers.idle().then(() => {
      idle = true;
    });
    finish[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect([idle, settled]).toEqual([false, ['ack']]);
    finish[1]?.();
    await waited;
    expect(settled).toEqual(['ack', 'ack']);
  });
});
