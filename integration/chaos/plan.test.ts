import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { nameOf, planChaos, programs, type Line } from './plan.ts';

const minutes = 60_000;
const lengthOf = (line: Line): number => line.reduce((sum, { lastsMs, restMs }) => sum + restMs + lastsMs, 0);

describe('the plan of a chaos run', () => {
  test('is the same for the same seed, and another for another', () => {
    fc.assert(fc.property(fc.nat(), (seed) => expect(planChaos(seed, minutes)).toEqual(planChaos(seed, minutes))));
    expect(new Set(Array.from({ length: 100 }, (_, seed) => JSON.stringify(planChaos(seed, minutes)))).size).toBe(100);
  });

  test('begins alike for a seed, however long it is', () => {
    const [short, long] = [planChaos(7, minutes), planChaos(7, 5 * minutes)];
    for (const [index, line] of short.entries()) expect(long[index]?.slice(0, line.length)).toEqual(line);
  });

  test('never lasts longer than it is given, and leaves nobody in peace', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 10 * minutes }), (seed, withinMs) => {
        for (const line of planChaos(seed, withinMs)) expect(lengthOf(line)).toBeLessThanOrEqual(withinMs);
      }),
    );
    const struck = planChaos(1, 2 * minutes).flatMap((line) => line.map(({ stroke }) => (stroke.on === 'broker' ? stroke.on : `${stroke.on} ${stroke.of}`)));
    expect(new Set(struck)).toEqual(new Set(['broker', ...programs.flatMap((name) => [`wire ${name}`, `program ${name}`])]));
  });

  test('leaves out no kind of fault in an hour', () => {
    const kinds = new Set(planChaos(1, 60 * minutes).flatMap((line) => line.map(({ stroke }) => nameOf(stroke))));
    const wire = ['reset', 'reset at a byte', 'truncate at a byte', 'silence', 'silence one way', 'drip', 'refuse'].map((fault) => `wire ${fault}`);
    const program = ['kill', 'stop', 'freeze'].map((fault) => `program ${fault}`);
    const broker = ['stop', 'kill', 'close connections', 'memory alarm', 'purge reports', 'delete reports', 'delete commands'].map((fault) => `broker ${fault}`);
    expect(kinds).toEqual(new Set([...wire, ...program, ...broker]));
  });
});
