import { describe, expect, test } from '@jest/globals';
import { isTraceparent, traceContext } from './trace.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a trace context', () => {
  test('comes through as it is', () => {
    const trace = { traceparent, tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' };
    expect(traceContext.parse(trace)).toEqual(trace);
  });

  test.each([
    ['a number', 7],
    ['null', null],
    ['a list', [traceparent]],
    ['no traceparent', { tracestate: 'a=1' }],
    ['a trace id of zeros', { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
    ['a span id of zeros', { traceparent: `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01` }],
    ['upper case', { traceparent: traceparent.toUpperCase() }],
    ['another version', { traceparent: `ff${traceparent.slice(2)}` }],
    ['a line feed at the end', { traceparent: `${traceparent}\n` }],
  ])('%s becomes absent, not an error', (_, malformed) => {
    expect(traceContext.safeParse(malformed)).toEqual({ success: true, data: undefined });
  });

  test.each([
    ['a number', 7],
    ['an empty text', ''],
    ['a line feed', 'a=1\r\nevil: 1'],
    ['more than 512 characters', `a=${'1'.repeat(511)}`],
  ])('a tracestate that is %s costs only itself', (_, tracestate) => {
    expect(traceContext.parse({ traceparent, tracestate })).toEqual({ traceparent });
  });

  test('a traceparent of the shell is recognized', () => {
    expect(isTraceparent(traceparent)).toBe(true);
    expect(isTraceparent('')).toBe(false);
    expect(isTraceparent(`${traceparent}-01`)).toBe(false);
  });
});
