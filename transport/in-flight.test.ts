import { describe, expect, test } from '@jest/globals';
import { InFlight } from './in-flight.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const watch = (promise: Promise<void>): { done: boolean } => {
  const watched = { done: false };
  void promise.then(() => {
    watched.done = true;
  });
  return watched;
};

describe('the bound on publishes in flight', () => {
  test('callers are let through in the order of asking, one for each place', async () => {
    const bound = new InFlight(1);
    bound.begin();
    const order: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      void bound.ready().then(() => {
        bound.begin();
        order.push(name);
      });
    }
    await turn();
    expect(order).toEqual([]);
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      bound.end();
      await turn();
      expect([order, bound.count]).toEqual([expected, 1]);
    }
  });

  test('a place that its caller did not use goes to the next one', async () => {
    const bound = new InFlight(1);
    bound.begin();
    const [unused, next] = [watch(bound.ready()), watch(bound.ready())];
    bound.end();
    await Promise.resolve();
    await Promise.resolve();
    expect([unused.done, next.done]).toEqual([true, false]);
    await turn();
    await turn();
    expect(next.done).toBe(true);
  });

  test('a publish that did not wait counts, and is made up for before anyone is let through', async () => {
    const bound = new InFlight(2);
    for (let count = 0; count < 4; count++) bound.begin();
    const ready = watch(bound.ready());
    for (const [left, done] of [
      [3, false],
      [2, false],
      [1, true],
    ] as const) {
      bound.end();
      await turn();
      expect([bound.count, ready.done]).toEqual([left, done]);
    }
  });

  test('while held nobody is let through, and afterwards those who waited are', async () => {
    const bound = new InFlight(10);
    bound.hold(true);
    const ready = watch(bound.ready());
    await turn();
    expect(ready.done).toBe(false);
    bound.hold(false);
    await turn();
    expect(ready.done).toBe(true);
  });

  test('`idle` resolves when nothing is in flight', async () => {
    const bound = new InFlight(10);
    await bound.idle();
    bound.begin();
    bound.begin();
    const idle = watch(bound.idle());
    bound.end();
    await turn();
    expect(idle.done).toBe(false);
    bound.end();
    await turn();
    expect(idle.done).toBe(true);
  });
});
