import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { seededRandom } from '../../effects/random.ts';
import { Backoff, delayOf } from './backoff.ts';

const policy = { firstMs: 100, capMs: 5_000, quietMs: 30_000 };
const almostOne = 1 - Number.EPSILON;

describe('back-off', () => {
  test('the bound doubles from the first wait to the cap', () => {
    const bounds = Array.from({ length: 9 }, (_, attempt) => Math.round(delayOf(policy, attempt, almostOne) / 100) * 100);
    expect(bounds).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  });

  test('the sequence of waits for a known seed is this one', () => {
    const backoff = new Backoff(policy, seededRandom(7));
    const waits = Array.from({ length: 8 }, () => backoff.next(0));
    expect(waits).toEqual([1, 12, 390, 559, 834, 1_297, 2_331, 1_199]);
  });

  test('the series begins anew after a quiet period, and not before it has passed', () => {
    const backoff = new Backoff(policy, { ...seededRandom(0), next: () => 0.5 });
    expect(backoff.next(0)).toBe(50);
    expect(backoff.next(30_050)).toBe(100);
    expect(backoff.next(60_151)).toBe(50);
  });

  test('every wait lies between zero and the bound of its attempt, also after a million attempts', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), fc.double({ min: 0, max: almostOne, noNaN: true }), (attempt, chance) => {
        const delay = delayOf(policy, attempt, chance);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(policy.capMs, policy.firstMs * 2 ** attempt));
      }),
    );
  });

  test('waits spread over the whole range instead of gathering at its bound', () => {
    const random = seededRandom(1);
    const waits = Array.from({ length: 2_000 }, () => delayOf(policy, 10, random.next()));
    const quarters = [0, 1, 2, 3].map((quarter) => waits.filter((wait) => Math.floor(wait / 1_250) === quarter).length);
    for (const count of quarters) expect(count).toBeGreaterThan(400);
  });
});
