import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { shown } from './flags.ts';
import { harmlessLines, printable, sayFailure } from './line.ts';

/** What each came to before it was made linear: plain, and slow on what a caller may think up. */
const plain = {
  printable: (text: string): string => {
    const line = text.replaceAll(/\s*[\r\n]+\s*/g, ' ').replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\u{FFFD}');
    return line.length <= 500 ? line : `${line.slice(0, 300)}…${line.slice(-200)}`;
  },
  shown: (word: string): string => word.replace(/:\/\/.*@/s, '://***@'),
};

const text = (...parts: readonly string[]): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...parts), maxLength: 60 });

describe('text from anywhere as one line', () => {
  test.each([
    ['a\nb', 'a b'],
    ['a  \r\n\t b', 'a b'],
    ['a   b', 'a   b'],
    ['a\u001b[2Jb\u202e', 'a\u{FFFD}[2Jb\u{FFFD}'],
    ['x'.repeat(500), 'x'.repeat(500)],
    [`begin${'x'.repeat(1_000)}end`, `begin${'x'.repeat(295)}…${'x'.repeat(197)}end`],
    ['\n', ' '],
  ])('%j', (given, line) => expect(printable(given)).toBe(line));

  test('is what the plain rules say', () => {
    fc.assert(fc.property(text(' ', '\t', '\n', '\r', '\u2028', '\u0007', 'a', 'é'), (given) => expect(printable(given)).toBe(plain.printable(given))));
  });

  test('of a megabyte is looked at no further than the line can reach from its two ends', () => {
    for (const part of [' ', '\n ', 'ab ', '\u0000']) {
      const edge = part.repeat(10_000 / part.length);
      expect(printable(`${edge}${'x'.repeat(1_000_000)}${edge}`)).toBe(printable(`${edge}y${edge}`));
    }
  });

  test('keeps what a failure ends with, however long the argument is that it names', () => {
    const long = 'k'.repeat(100_000);
    expect(sayFailure('jetpack send', { code: 'file_unreadable', message: `${long} does not exist` })).toMatch(/^jetpack send: k+…k+ does not exist \(file_unreadable\)\n$/);
    expect(sayFailure('jetpack log', { code: 'usage', message: `'${long}' is invalid. Allowed choices are info, warn, error` })).toMatch(
      /^jetpack log: 'k+…k+' is invalid\. Allowed choices are info, warn, error; see jetpack log --help\n$/,
    );
  });
});

describe('a word without the secret of its address', () => {
  test.each([
    ['amqp://user:s3cret@host', 'amqp://***@host'],
    ['a://b://c:d@e@f', 'a://***@f'],
    ['user@host', 'user@host'],
    ['a@b://c', 'a@b://c'],
    ['x://@', 'x://***@'],
  ])('%s', (word, safe) => expect(shown(word)).toBe(safe));

  test('is what the plain rule says', () => {
    fc.assert(fc.property(text('://', ':', '/', '@', 'a', '\n'), (word) => expect(shown(word)).toBe(plain.shown(word))));
  });
});

test('text from anywhere as lines ends where its last word ends', () => {
  expect(harmlessLines('a \n\tb\r\nc\u0007\n \u3000\n')).toEqual(['a ', '    b', 'c\u{FFFD}']);
  expect(harmlessLines('')).toEqual(['']);
});
