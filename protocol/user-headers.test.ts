import { expect, test } from '@jest/globals';
import { checkUserHeaders } from './user-headers.ts';

test.each([{}, { unit: '7' }, { 'content-encoding': '', X_1: 'ä\n', 'a.b$#': 'x'.repeat(16_000) }, Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`h${index}`, 'v']))])(
  '%.40j may be set',
  (headers) => expect(checkUserHeaders(headers)).toEqual({ ok: true, value: undefined }),
);

test.each([
  [{ '': 'x' }, 'a header has no name'],
  [{ 'a b': 'x' }, 'the name of a header is not of 1 to 128 letters, digits and _ - . $ #'],
  [{ ['x'.repeat(129)]: 'x' }, 'the name of a header is not of 1 to 128 letters, digits and _ - . $ #'],
  [{ ü: 'x' }, 'the name of a header is not of 1 to 128 letters, digits and _ - . $ #'],
  // RabbitMQ ends the channel when these are no lists.
  [{ CC: 'x' }, 'the header CC is not yours to set'],
  [{ BCC: 'x' }, 'the header BCC is not yours to set'],
  [{ traceparent: 'x' }, 'the header traceparent is not yours to set'],
  [{ 'Jetpack-Node': 'other' }, 'the header Jetpack-Node is not yours to set'],
  [Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`h${index}`, 'v'])), 'there are 65 headers: at most 64 are allowed'],
  [{ a: 'ä'.repeat(8_192) }, 'the headers have 16385 bytes: at most 16384 are allowed'],
])('%.40j is refused', (headers, message) => expect(checkUserHeaders(headers)).toEqual({ ok: false, error: { code: 'request_invalid', message } }));
