import { describe, expect, test } from '@jest/globals';
import { assertNever, fail, ok } from './result.ts';

describe('results', () => {
  test('are a value or a code with one line', () => {
    expect(ok(7)).toEqual({ ok: true, value: 7 });
    expect(fail('busy', 'later')).toEqual({ ok: false, error: { code: 'busy', message: 'later' } });
  });

  test('a variant that the types rule out is a crash that names it', () => {
    expect(() => assertNever({ type: 'new' } as never)).toThrow('unexpected variant: {"type":"new"}');
  });
});
