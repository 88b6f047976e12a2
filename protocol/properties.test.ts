import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { propertiesIn, withProperty } from './properties.ts';

describe('a property', () => {
  test('is set beside others, and over what stands in its way', () => {
    const one = withProperty({}, 'os.id', 'rocky');
    expect(withProperty(one, 'os.version', '9')).toEqual({ os: { id: 'rocky', version: '9' } });
    expect(withProperty(one, 'os', 'linux')).toEqual({ os: 'linux' });
    expect(withProperty({ os: 'linux' }, 'os.id', 'rocky')).toEqual(one);
    expect(one).toEqual({ os: { id: 'rocky' } });
  });

  test('that is taken back leaves no empty object behind, and nothing else changed', () => {
    expect(withProperty({ os: { id: 'rocky' }, a: '1' }, 'os.id', undefined)).toEqual({ a: '1' });
    expect(withProperty({ a: '1' }, 'b.c', undefined)).toEqual({ a: '1' });
  });

  test('is an own member, whatever its name', () => {
    const tree = withProperty({}, 'constructor.name', 'x');
    expect(Object.hasOwn(tree, 'constructor')).toBe(true);
  });
});

const word = fc.string({ minLength: 1, maxLength: 4 }).filter((text) => !text.includes('.'));
const keys = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('.'));

test('what is set and told one by one to who had nothing makes the same tree there', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, fc.option(fc.string(), { nil: undefined }))), (sets) => {
      const own = sets.reduce((tree, [key, value]) => withProperty(tree, key, value), {});
      const told = propertiesIn(own).reduce((tree, { key, value }) => withProperty(tree, key, value), {});
      expect(told).toEqual(own);
    }),
  );
});
