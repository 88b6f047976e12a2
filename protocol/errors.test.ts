import { describe, expect, test } from '@jest/globals';
import { errorCodes, errors, JetpackError } from './errors.ts';

describe('error codes', () => {
  test.each(errorCodes)('%s is a word in lower case with a sentence for its meaning and one for its remedy', (code) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    for (const text of [errors[code].meaning, errors[code].remedy]) expect(text).toMatch(/^\S.*\S\.$/);
  });

  test('a crash carries its code and its cause', () => {
    const cause = new Error('disk');
    const crash = new JetpackError('store_unwritable', 'no room', { cause });
    expect(crash).toBeInstanceOf(Error);
    expect(crash).toMatchObject({ name: 'JetpackError', code: 'store_unwritable', message: 'no room', cause });
  });
});
