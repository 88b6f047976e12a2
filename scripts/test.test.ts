import { describe, expect, test } from '@jest/globals';
import { planFor } from './test.ts';

describe('npm test', () => {
  test('runs the smoke suite where a broker is at hand, in CI or not', () => {
    for (const ci of [true, false]) {
      expect(planFor({ type: 'given', url: 'amqp://broker' }, ci)).toEqual({ projects: ['unit', 'smoke'], leftOut: undefined, refused: false });
    }
  });

  test('leaves it out where there is none, and says why', () => {
    const plan = planFor({ type: 'missing', reason: 'Docker has no image' }, false);
    expect(plan).toEqual({ projects: ['unit'], leftOut: 'the smoke suite on a real broker, for there is none: Docker has no image', refused: false });
  });

  test('refuses to leave it out in CI', () => {
    expect(planFor({ type: 'missing', reason: 'Docker has no image' }, true)).toMatchObject({ refused: true });
  });
});
