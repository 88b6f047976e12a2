import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { globMatcher } from './glob.ts';

test.each([
  ['*', '', true],
  ['*', 'anything at all', true],
  ['a*', 'a', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['ab*ba', 'aba', false],
  ['*.txt', 'banner.txt', true],
  ['*.txt', 'banner.txt.gz', false],
  ['a.c', 'abc', false],
  ['*b*', 'abc', true],
  ['*b*b*', 'abc', false],
  ['a**c', 'abc', true],
  ['a*b*c', 'a\nbxbc', true],
  ['a*b*bc', 'abc', false],
])('%j names %j: %j', (word, name, expected) => {
  expect(globMatcher(word)(name)).toBe(expected);
});

test('a word of many stars is decided at once, for it is looked for from left to right and never again', () => {
  const began = performance.now();
  expect(globMatcher('*a*a*a*a*a*b')('a'.repeat(200))).toBe(false);
  expect(globMatcher(`${'*a'.repeat(100)}*b`)('a'.repeat(200))).toBe(false);
  expect(globMatcher('*'.repeat(1_000_000))('a'.repeat(200))).toBe(true);
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('names what a regular expression of the same meaning names', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '*'), maxLength: 6 });
  const meant = (pattern: string): RegExp => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  fc.assert(fc.property(word, text, (pattern, name) => expect(globMatcher(pattern)(name)).toBe(meant(pattern).test(name))), { numRuns: 2_000 });
});
