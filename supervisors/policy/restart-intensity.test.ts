import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { RestartIntensity } from './restart-intensity.ts';

const intensities = fc.record({ restarts: fc.nat({ max: 8 }), withinMs: fc.integer({ min: 1, max: 1_000 }) });
const gaps = fc.array(fc.nat({ max: 400 }), { maxLength: 80 });

/** The instants after each gap. */
const instants = (between: readonly number[]): readonly number[] => {
  let at = 0;
  return between.map((gap) => (at += gap));
};

describe('restart intensity', () => {
  test('five restarts in thirty seconds are a burst, the sixth is a sustained failure', () => {
    const window = new RestartIntensity({ restarts: 5, withinMs: 30_000 });
    const outcomes = [0, 1_000, 2_000, 3_000, 30_000, 30_000].map((at) => window.record(at));
    expect(outcomes).toEqual(['allowed', 'allowed', 'allowed', 'allowed', 'allowed', 'exceeded']);
  });

  test('a restart counts for the whole period, its last millisecond included, and no longer', () => {
    const window = new RestartIntensity({ restarts: 1, withinMs: 1_000 });
    expect([window.record(0), window.record(1_000), window.record(1_001)]).toEqual(['allowed', 'exceeded', 'allowed']);
  });

  test('no period ever holds more allowed restarts than the intensity', () => {
    fc.assert(
      fc.property(intensities, gaps, (intensity, between) => {
        const window = new RestartIntensity(intensity);
        const allowed = instants(between).filter((at) => window.record(at) === 'allowed');
        for (const end of allowed) {
          const inPeriod = allowed.filter((at) => at <= end && end - at <= intensity.withinMs);
          expect(inPeriod.length).toBeLessThanOrEqual(intensity.restarts);
        }
      }),
    );
  });

  test('a restart is refused only when the period before it is full of allowed ones', () => {
    fc.assert(
      fc.property(intensities, gaps, (intensity, between) => {
        const window = new RestartIntensity(intensity);
        const allowed: number[] = [];
        for (const at of instants(between)) {
          const full = allowed.filter((before) => at - before <= intensity.withinMs).length >= intensity.restarts;
          const outcome = window.record(at);
          expect(outcome).toBe(full ? 'exceeded' : 'allowed');
          if (outcome === 'allowed') allowed.push(at);
        }
      }),
    );
  });

  test('failures rarer than the intensity are restarted for ever', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 1_000 }), (restarts, withinMs) => {
        const window = new RestartIntensity({ restarts, withinMs });
        const step = Math.floor(withinMs / restarts) + 1;
        const outcomes = Array.from({ length: 50 }, (_, index) => window.record(index * step));
        expect(new Set(outcomes)).toEqual(new Set(['allowed']));
      }),
    );
  });
});
