// Any character of Unicode, for texts of fast-check. Its own unit `binary` makes the same ones in the same distribution, but by a
// table of all of them, a million: two seconds and a hundred megabytes in each test file.
import * as fc from 'fast-check';

const [firstSurrogate, surrogates, last] = [0xd800, 0x800, 0x10ffff];

const characterOf = (index: number): string => String.fromCodePoint(index < firstSurrogate ? index : index + surrogates);

/** The way back, by which fast-check also builds texts that are trouble elsewhere, like `__proto__`. */
const indexOf = (character: unknown): number => {
  const point = typeof character === 'string' ? character.codePointAt(0) : undefined;
  if (point === undefined || characterOf(point < firstSurrogate ? point : point - surrogates) !== character) throw new Error('not one character');
  return point < firstSurrogate ? point : point - surrogates;
};

export const character = fc.nat(last - surrogates).map(characterOf, indexOf);
