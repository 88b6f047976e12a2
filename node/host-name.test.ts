import { expect, test } from '@jest/globals';
import { HostName } from './host-name.ts';

test('a host has the name of the start until it is said to have changed', () => {
  const host = new HostName('at-start', () => 'machine');
  expect([host.nameNow('told'), host.nameNow(undefined), host.current]).toEqual(['told', 'machine', 'at-start']);
  host.changed('told');
  expect(host.current).toBe('told');
});
