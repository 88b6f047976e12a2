import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { decodeSegment, encodeSegment } from './segment.ts';
import { character } from './testing/character.ts';

const wellFormed = fc.string({ unit: character, minLength: 1 });

describe('a word of a routing key', () => {
  test('any Unicode text comes back as it was', () => {
    fc.assert(fc.property(wellFormed, (text) => expect(decodeSegment(encodeSegment(text))).toBe(text)));
  });

  test('holds nothing that a topic exchange gives a meaning to, and only one byte a character', () => {
    fc.assert(fc.property(wellFormed, (text) => expect(encodeSegment(text)).toMatch(/^[A-Za-z0-9_~-]+$/)));
  });

  test('different texts have different words', () => {
    fc.assert(fc.property(wellFormed, wellFormed, (a, b) => expect(encodeSegment(a) === encodeSegment(b)).toBe(a === b)));
  });

  test('a name made of plain characters stays readable', () => {
    expect(encodeSegment('ip-0A1B_c')).toBe('ip-0A1B_c');
    expect(encodeSegment('a.b*#é')).toBe('a~2eb~2a~23~c3~a9');
  });

  test.each([
    ['an empty word', ''],
    ['a dot', 'a.b'],
    ['a wildcard', '#'],
    ['a needless escape', '~41'],
    ['an escape in upper case', '~C3~A9'],
    ['half an escape', 'a~2'],
    ['bytes that are not UTF-8', '~ff'],
    ['an overlong form', '~c0~af'],
    ['a surrogate in UTF-8', '~ed~a0~80'],
    ['a character outside ASCII', 'é'],
    ['a trailing line feed', 'a\n'],
  ])('%s is refused', (_, word) => {
    expect(decodeSegment(word)).toBeUndefined();
  });

  test('whatever is accepted is exactly what encoding would have written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.stringMatching(/^(?:[a-z]|~[0-9a-f]{2}){1,8}$/), fc.string({ unit: character })), (word) => {
        const text = decodeSegment(word);
        expect([undefined, word]).toContain(text === undefined ? undefined : encodeSegment(text));
      }),
    );
  });
});
