import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { sourceNames, type SourceEntry } from './metadata.ts';
import { shareOf } from './shares.ts';

const named = (...names: ReadonlyArray<SourceEntry['name']>): readonly SourceEntry[] => names.map((name) => ({ name }));

test.each([
  [named('azure'), 10_000],
  [named('azure', 'configdrive', 'nocloud'), 9_000],
  [named('azure', 'ec2', 'gce'), 3_333],
  [named('configdrive', 'openstack'), 500],
  [named('nocloud'), 500],
])('the first of %j has its share of ten seconds', (sources, ms) => {
  expect(shareOf(sources, 0, 10_000)).toBe(ms);
});

const sources = fc.array(fc.constantFrom(...sourceNames), { minLength: 1, maxLength: 12 }).map((names) => named(...names));

test('every source has some time, and all together no more than there is, however much of theirs they use', () => {
  fc.assert(
    fc.property(sources, fc.integer({ min: 1_000, max: 60_000 }), fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 }), (list, bound, used) => {
      let left = bound;
      for (const place of list.keys()) {
        const share = shareOf(list, place, left);
        expect(share).toBeGreaterThan(0);
        left -= share * (used[place] ?? 1);
        expect(left).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
