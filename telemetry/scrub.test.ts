import { describe, expect, test } from '@jest/globals';
import { JetpackError } from '../protocol/errors.ts';
import { scrub, scrubText } from './scrub.ts';

describe('secrets', () => {
  test('in fields named like one are replaced, at any depth and in lists', () => {
    const fields = { user: 'ada', password: 'x', api_token: 'x', options: [{ Authorization: 'Bearer x', clientSecret: 'x' }], credentials: { key: 'x' } };
    expect(scrub(fields)).toEqual({
      user: 'ada',
      password: '[redacted]',
      api_token: '[redacted]',
      options: [{ Authorization: '[redacted]', clientSecret: '[redacted]' }],
      credentials: '[redacted]',
    });
  });

  test.each([
    ['amqp://ada:secret@broker:5672/vhost', 'amqp://[redacted]@broker:5672/vhost'],
    ['cannot reach amqps://ada:p@ss:w0rd@broker today', 'cannot reach amqps://[redacted]@broker today'],
    ['https://token@host/a and https://host/b@c', 'https://[redacted]@host/a and https://host/b@c'],
    ['http://host/path?mail=a@b', 'http://host/path?mail=a@b'],
    ['write to ada@example.org', 'write to ada@example.org'],
    ['"amqp://host", "ada@example.org"', '"amqp://host", "ada@example.org"'],
  ])('in the user info of a URL are replaced: %s', (text, wanted) => {
    expect(scrubText(text)).toBe(wanted);
    expect(scrub({ error: new Error(text) })['error']).toMatchObject({ message: wanted });
  });

  test('are looked for in time that grows with the text alone', () => {
    const hostile = ['://'.repeat(300_000), `${'a'.repeat(1_000_000)}://${'b'.repeat(1_000_000)}`];
    for (const text of hostile) expect(scrubText(text)).toBe(text);
  });
});

describe('fields', () => {
  test('keep what an error says, its code and its cause', () => {
    const error = Object.assign(new TypeError('bad', { cause: new Error('why') }), { code: 'EBAD' });
    expect(scrub({ error })).toEqual({
      error: { name: 'TypeError', message: 'bad', code: 'EBAD', stack: expect.stringContaining('bad'), cause: expect.objectContaining({ message: 'why' }) },
    });
  });

  test('leave out the stacks of an error whose code says what is wrong, and keep those of a defect', () => {
    const known = new JetpackError('port_unavailable', 'the port is taken', { cause: new Error('EADDRINUSE') });
    expect(scrub({ err: known })).toEqual({ err: { name: 'JetpackError', code: 'port_unavailable', message: 'the port is taken', cause: { name: 'Error', message: 'EADDRINUSE' } } });
    const defect = new JetpackError('internal', 'cannot be', { cause: new Error('why') });
    expect(scrub({ err: defect })['err']).toMatchObject({ stack: expect.any(String), cause: { stack: expect.any(String) } });
  });

  test('become JSON whatever they hold', () => {
    const fields = { big: 10n, at: new Date(0), bytes: new Uint8Array(5), none: null, never: new Date(Number.NaN) };
    expect(JSON.parse(JSON.stringify(scrub(fields)))).toEqual({ big: '10', at: '1970-01-01T00:00:00.000Z', bytes: '[5 bytes]', none: null, never: null });
  });

  test('are bounded: a ring, a deep one, a wide one and a long one', () => {
    const ring: Record<string, unknown> = {};
    ring['self'] = ring;
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, index]));
    const dense = (depth: number): unknown => (depth === 0 ? 1 : Array.from({ length: 30 }, () => dense(depth - 1)));
    for (const fields of [{ ring }, wide, { list: Array.from({ length: 100_000 }, () => 'x') }, { dense: dense(4) }, { long: 'x'.repeat(1_000_000) }]) {
      expect(JSON.stringify(scrub(fields)).length).toBeLessThan(20_000);
    }
    expect(JSON.stringify(scrub(wide))).toContain('left out');
  });
});
