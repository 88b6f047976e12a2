import { describe, expect, test } from '@jest/globals';
import { MemoryState } from '../testing/memory-state.ts';
import { propertiesKey, readProperties, withProperty } from './properties.ts';

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

test('what was kept is read, and something else counts as nothing', async () => {
  const state = new MemoryState();
  expect(readProperties(state)).toEqual({});
  await state.change([{ key: propertiesKey, value: { a: '1' } }]);
  expect(readProperties(state)).toEqual({ a: '1' });
  await state.change([{ key: propertiesKey, value: ['a'] }]);
  expect(readProperties(state)).toEqual({});
});
