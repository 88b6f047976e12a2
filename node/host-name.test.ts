import { expect, test } from '@jest/globals';
import { HostName } from './host-name.ts';

test('a host has the name of the start until it is said to have changed: to what is told, else to what the machine says', () => {
  let machine = 'machine-2';
  const host = new HostName('at-start', () => machine);
  expect(host.current).toBe('at-start');
  expect([host.changed('told'), host.current]).toEqual(['told', 'told']);
  expect([host.changed(undefined), host.current]).toEqual(['machine-2', 'machine-2']);
  machine = 'machine-3';
  expect(host.current).toBe('machine-2');
});
