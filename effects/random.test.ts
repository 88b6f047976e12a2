import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { seededRandom, systemRandom, uuid7, type Random } from './random.ts';

const latest = 2 ** 48 - 1;

describe.each<[string, () => Random]>([
  ["the machine's randomness", () => systemRandom],
  ['seeded randomness', () => seededRandom(1)],
])('%s', (_, make) => {
  test('gives numbers from 0 up to but not including 1, spread evenly', () => {
    const random = make();
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let drawn = 0; drawn < 10_000; drawn += 1) {
      const number = random.next();
      expect(number >= 0 && number < 1).toBe(true);
      tenths[Math.floor(number * 10)]! += 1;
    }
    // A thousand each, give or take ten standard deviations.
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(300);
  });

  test('gives as many bytes as asked for', () => {
    const random = make();
    for (const length of [0, 1, 16, 1_000]) expect(random.bytes(length)).toHaveLength(length);
    expect(new Set(random.bytes(10_000)).size).toBe(256);
  });
});

test("the machine's bytes are handed out once, and are their owner's", () => {
  const draws = Array.from({ length: 2_000 }, () => systemRandom.bytes(16));
  const before = draws.map((bytes) => Buffer.from(bytes).toString('hex'));
  for (let more = 0; more < 2_000; more += 1) systemRandom.bytes(16).fill(0);
  expect(draws.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(before);
  expect(new Set(before).size).toBe(draws.length);
});

describe('seeded randomness', () => {
  const draw = (seed: number): number[] => {
    const random = seededRandom(seed);
    return [random.next(), random.next(), ...random.bytes(4)];
  };

  test('repeats itself from its seed', () => {
    fc.assert(fc.property(fc.integer(), (seed) => expect(draw(seed)).toEqual(draw(seed))));
  });

  test('differs from one seed to the next', () => {
    expect(new Set(Array.from({ length: 1_000 }, (_, seed) => draw(seed).join())).size).toBe(1_000);
  });

  test('stays the same sequence for ever, so that a recorded seed keeps its meaning', () => {
    const random = seededRandom(1);
    expect([random.next(), random.next(), ...random.bytes(3)]).toEqual([0.6270739405881613, 0.002735721180215478, 135, 251, 247]);
  });
});

describe('ids', () => {
  const time = fc.nat(latest);
  const seed = fc.integer();

  test('are UUIDs of version 7 and the variant of RFC 9562', () => {
    fc.assert(
      fc.property(time, seed, (now, from) => {
        expect(uuid7(now, seededRandom(from))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  test('carry their time in the first 48 bits', () => {
    fc.assert(
      fc.property(time, seed, (now, from) => {
        expect(Number.parseInt(uuid7(now, seededRandom(from)).replaceAll('-', '').slice(0, 12), 16)).toBe(now);
      }),
    );
  });

  test('sort by time', () => {
    fc.assert(
      fc.property(time, time, seed, seed, (a, b, first, second) => {
        fc.pre(a !== b);
        expect(uuid7(a, seededRandom(first)) < uuid7(b, seededRandom(second))).toBe(a < b);
      }),
    );
  });

  test('differ within one millisecond', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => uuid7(1_000, systemRandom))).size).toBe(10_000);
  });

  test('are the ones of the RFC where time and randomness are its example', () => {
    // RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC.
    const bytes = Uint8Array.from(Buffer.from('0000000000000cc398c4dc0c0c07398f', 'hex'));
    const random: Random = { next: () => 0, bytes: () => bytes };
    expect(uuid7(1_645_557_742_000, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });
});
