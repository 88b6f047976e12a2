import { expect, test } from '@jest/globals';
import { MemoryState } from '../testing/memory-state.ts';
import { propertiesKey, readProperties } from './properties.ts';

test('what was kept is read, and something else counts as nothing', async () => {
  const state = new MemoryState();
  expect(readProperties(state)).toEqual({});
  await state.change([{ key: propertiesKey, value: { a: '1' } }]);
  expect(readProperties(state)).toEqual({ a: '1' });
  await state.change([{ key: propertiesKey, value: ['a'] }]);
  expect(readProperties(state)).toEqual({});
});
