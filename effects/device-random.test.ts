import { expect, test } from '@jest/globals';
import { deviceRandom } from './device-random.ts';
import { uuid7 } from './random.ts';

test('ids of it never repeat, and are as long as asked for', () => {
  const random = deviceRandom();
  const ids = new Set(Array.from({ length: 1_000 }, () => uuid7(0, random)));
  expect(ids.size).toBe(1_000);
  expect(random.bytes(3)).toHaveLength(3);
  expect(random.bytes(0)).toHaveLength(0);
});

test('a machine without the device has Node make the bytes', () => {
  const random = deviceRandom('/nowhere/urandom');
  expect(random.bytes(16)).toHaveLength(16);
  expect(random.bytes(16)).not.toEqual(random.bytes(16));
});

test('a device that gives less than asked for, or nothing, is not believed', () => {
  const random = deviceRandom('/dev/null');
  expect(random.bytes(16)).toHaveLength(16);
  expect(random.bytes(16)).not.toEqual(random.bytes(16));
});
