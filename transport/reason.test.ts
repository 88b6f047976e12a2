import { expect, test } from '@jest/globals';
import { reasonOf } from './reason.ts';

test.each([
  [new Error('broken'), 'broken'],
  [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [{ message: 'from another realm' }, 'from another realm'],
  [Object.create(null), 'an error without a message'],
  ['text', 'not an error: string'],
  [undefined, 'not an error: undefined'],
])('whatever was thrown has a reason in one line: %p', (thrown: unknown, reason) => {
  expect(reasonOf(thrown)).toBe(reason);
});
