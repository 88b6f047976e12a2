import { expect, test } from '@jest/globals';
import { settledAttributes } from './settled-attributes.ts';

test('what comes late is waited for, and what never comes is left out', async () => {
  const attributes = { 'host.name': 'n1', 'host.id': Promise.resolve('a1b2'), 'host.arch': undefined, 'host.type': Promise.resolve(undefined), 'host.cpus': null, zero: 0, none: '' };
  expect(await settledAttributes(attributes)).toEqual({ 'host.name': 'n1', 'host.id': 'a1b2', zero: 0, none: '' });
});
