import { expect, test } from '@jest/globals';
import { systemClock } from '../effects/clock.ts';
import { ManualClock } from '../effects/manual-clock.ts';
import { until } from './testing/until.ts';
import { measureEventLoop, type EventLoopDelay } from './event-loop.ts';

const holdUp = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

/** Holds the loop up, again and again, until that was measured; `pass` lets an export's time go by. */
const heldUp = async (read: () => EventLoopDelay, seconds: number, pass: () => Promise<void> = () => Promise.resolve()): Promise<EventLoopDelay> => {
  for (;;) {
    await pass();
    await new Promise((resolve) => setImmediate(resolve));
    holdUp(seconds * 1500);
    const delay = read();
    if (delay.max > seconds) return delay;
  }
};

test('a loop that stands still is told of, in seconds, with the worst at the end', async () => {
  const { max, p50, p99 } = await heldUp(measureEventLoop(systemClock), 0.06);
  expect(max).toBeLessThan(60);
  expect([p50, p99, max]).toEqual([p50, p99, max].toSorted((one, other) => one - other));
});

test('the metrics of one export are of one stretch of time, and those of the next of what came after', async () => {
  const clock = new ManualClock();
  const read = measureEventLoop(clock);
  expect(read()).toEqual({ p50: 0, p99: 0, max: 0 });
  const first = await heldUp(read, 0.03, () => clock.advance(1000));
  holdUp(50);
  expect(read()).toBe(first);
  await clock.advance(1000);
  await until(() => read() !== first);
});
