import { expect, test } from '@jest/globals';
import { seededRandom } from '../../effects/random.ts';
import { Rotation } from './rotation.ts';

const three = ['a', 'b', 'c'];

test('every address has its turn before one comes again, in the same order', () => {
  const rotation = new Rotation(three, seededRandom(1));
  const first = three.map(() => rotation.next());
  expect(new Set(first)).toEqual(new Set(three));
  expect(three.map(() => rotation.next())).toEqual(first);
});

test('a fleet begins all over the cluster', () => {
  const begun = Array.from({ length: 50 }, (_, seed) => new Rotation(three, seededRandom(seed)).next());
  expect(new Set(begun).size).toBe(3);
});

test('of nothing there is nothing', () => {
  expect(new Rotation([], seededRandom(1)).next()).toBeUndefined();
});
