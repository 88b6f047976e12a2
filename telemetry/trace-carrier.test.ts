import { describe, expect, test } from '@jest/globals';
import { extractTrace, fromEnvironment, injectTrace } from './trace-carrier.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const other = '00-1bf7651916cd43dd8448eb211c80319c-c7ad6b7169203331-00';

describe('the context of a shell', () => {
  test('is taken from TRACEPARENT and TRACESTATE', () => {
    expect(fromEnvironment({ TRACEPARENT: traceparent, TRACESTATE: 'vendor=1' })).toEqual({ traceparent, tracestate: 'vendor=1' });
  });

  test('may come without a state', () => {
    expect(fromEnvironment({ TRACEPARENT: traceparent })).toEqual({ traceparent });
    expect(fromEnvironment({ TRACEPARENT: traceparent, TRACESTATE: '' })).toEqual({ traceparent });
  });

  test.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['upper case', traceparent.toUpperCase()],
    ['a trace of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a span of zeros', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['a version yet unknown', traceparent.replace('00', '01')],
    ['a line more', `${traceparent}\n`],
  ])('is absent for %s', (_, text) => {
    expect(fromEnvironment({ TRACEPARENT: text, TRACESTATE: 'vendor=1' })).toBeUndefined();
  });

  test('loses a state that is too long, and keeps the trace', () => {
    expect(fromEnvironment({ TRACEPARENT: traceparent, TRACESTATE: `v=${'x'.repeat(511)}` })).toEqual({ traceparent });
  });
});

describe('the context in AMQP headers', () => {
  test('comes out as it went in', () => {
    const trace = { traceparent, tracestate: 'a=1,b=2' };
    expect(extractTrace(injectTrace({ kind: 'events' }, trace))).toEqual(trace);
  });

  test('goes into a copy: the caller keeps its headers as they were', () => {
    const headers = Object.freeze({ count: 3, traceparent: other, tracestate: 'old=1' });
    expect(injectTrace(headers, { traceparent })).toEqual({ count: 3, traceparent });
    expect(headers).toEqual({ count: 3, traceparent: other, tracestate: 'old=1' });
  });

  test('is never left over from another message', () => {
    expect(injectTrace({ count: 3, traceparent: other, tracestate: 'old=1' }, undefined)).toEqual({ count: 3 });
  });

  test('is absent when it is no text, or malformed', () => {
    expect(extractTrace({ traceparent: 7 })).toBeUndefined();
    expect(extractTrace({ traceparent: Buffer.from(traceparent) })).toBeUndefined();
    expect(extractTrace({ traceparent: 'not-a-trace' })).toBeUndefined();
    expect(extractTrace({ traceparent, tracestate: 7 })).toEqual({ traceparent });
  });
});
