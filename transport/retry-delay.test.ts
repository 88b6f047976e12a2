import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ManualClock } from '../effects/manual-clock.ts';
import { seededRandom, type Random } from '../effects/random.ts';
import { RetryDelay } from './retry-delay.ts';

const bounds = { first: 500, most: 30_000 };
const always = (value: number): Random => ({ ...seededRandom(1), next: () => value });

const attempts = async (delay: RetryDelay, clock: ManualClock, count: number): Promise<readonly number[]> => {
  const waits: number[] = [];
  for (let attempt = 0; attempt < count; attempt++) {
    const wait = delay.next();
    waits.push(wait);
    await clock.advance(wait);
  }
  return waits;
};

describe('the wait between attempts', () => {
  test('its bound doubles from attempt to attempt up to the cap, however many there are', async () => {
    const clock = new ManualClock();
    const waits = await attempts(new RetryDelay(clock, always(1), bounds), clock, 2_000);
    expect(waits.slice(0, 8)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(waits.at(-1)).toBe(30_000);
  });

  test('it is a random part of its bound, so that a fleet spreads', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const wait = new RetryDelay(new ManualClock(), seededRandom(seed), bounds).next();
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(500);
      }),
    );
    const spread = Array.from({ length: 100 }, (_, seed) => new RetryDelay(new ManualClock(), seededRandom(seed), bounds).next());
    expect(new Set(spread).size).toBeGreaterThan(50);
  });

  test('500 that lost their broker at once never knock all together: of any 100 ms at most a third of them, and few when it has been away for a minute', async () => {
    const clock = new ManualClock();
    const fleet = Array.from({ length: 500 }, (_, seed) => ({ delay: new RetryDelay(clock, seededRandom(seed), bounds), due: 0 }));
    for (const one of fleet) one.due = one.delay.next();
    const knocks: number[] = [];
    while (clock.monotonic() < 120_000) {
      const due = Math.min(...fleet.map((one) => one.due));
      await clock.advance(due - clock.monotonic());
      for (const one of fleet.filter((each) => each.due === due)) {
        knocks.push(due);
        one.due = due + one.delay.next();
      }
    }
    const busiest = (from: number): number => Math.max(...knocks.map((first, index) => (first < from ? 0 : knocks.slice(index, index + 500).filter((at) => at < first + 100).length)));
    expect(busiest(0)).toBeLessThan(500 / 3);
    expect(busiest(60_000)).toBeLessThan(500 / 20);
  });

  test('it begins anew after a time without waits that is longer than the cap', async () => {
    const clock = new ManualClock();
    const delay = new RetryDelay(clock, always(1), bounds);
    await attempts(delay, clock, 5);
    await clock.advance(bounds.most);
    expect(delay.next()).toBe(16_000);
    await clock.advance(16_000 + bounds.most + 1);
    expect(delay.next()).toBe(500);
  });
});
