import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { afterEach, describe, expect, test } from '@jest/globals';
import { JetpackError } from '../protocol/errors.ts';
import { activeSpanContext, inTrace } from './span-context.ts';
import { startSpan, withSpan, type SpanSpec } from './span.ts';
import { recordSpans } from './testing/recorded-spans.ts';

const recorded = recordSpans();
afterEach(() => recorded.reset());

const parent = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'vendor=1' };
const unsampled = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };
const spec: SpanSpec = { name: 'step', kind: 'INTERNAL', parent: undefined, links: [], attributes: {} };

describe('a span', () => {
  test('is a child of the context it is given, and hands on its own with the state of the trace', () => {
    const span = startSpan({ ...spec, kind: 'SERVER', parent, attributes: { 'jetpack.verb': 'log', 'jetpack.message.id': undefined } });
    span.end();
    const [ended] = recorded.named('step');
    expect(ended?.kind).toBe(SpanKind.SERVER);
    expect(ended?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(ended?.attributes).toEqual({ 'jetpack.verb': 'log' });
    expect(span.trace).toEqual({
      traceparent: `00-0af7651916cd43dd8448eb211c80319c-${ended?.spanContext().spanId}-01`,
      tracestate: 'vendor=1',
    });
  });

  test('without a context begins a trace, whatever it is started in', () => {
    withSpan({ ...spec, name: 'around', parent }, () => startSpan(spec).end());
    expect(recorded.named('step')[0]?.parentSpanContext).toBeUndefined();
  });

  test('that is not sampled hands on a context that says so', () => {
    const span = startSpan({ ...spec, parent: unsampled });
    span.end();
    expect(span.trace?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    expect(recorded.named()).toEqual([]);
  });

  test('links to the contexts it is given', () => {
    startSpan({ ...spec, links: [parent, unsampled] }).end();
    expect(recorded.named('step')[0]?.links.map(({ context: { traceId, spanId, traceFlags } }) => ({ traceId, spanId, traceFlags }))).toEqual([
      { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 },
      { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 0 },
    ]);
  });

  test('names an error only when it failed', () => {
    const good = startSpan({ ...spec, name: 'good' });
    good.end();
    const bad = startSpan({ ...spec, name: 'bad' });
    bad.fail('unroutable');
    bad.end();
    expect(recorded.named('good')[0]).toMatchObject({ attributes: {}, status: { code: SpanStatusCode.UNSET } });
    expect(recorded.named('bad')[0]).toMatchObject({ attributes: { 'error.type': 'unroutable' }, status: { code: SpanStatusCode.ERROR } });
  });
});

describe('a span around a function', () => {
  test('is the active trace inside, and ends with it', () => {
    const inside = withSpan({ ...spec, parent }, (span) => {
      expect(recorded.named()).toEqual([]);
      expect(span.trace?.traceparent).toContain(activeSpanContext()?.spanId);
      return 'done';
    });
    expect(inside).toBe('done');
    expect(recorded.named('step')).toHaveLength(1);
    expect(activeSpanContext()).toBeUndefined();
  });

  test('lasts as long as the promise, and stays active across its waits', async () => {
    const gate = Promise.withResolvers<void>();
    const working = withSpan(spec, async (span) => {
      await gate.promise;
      return [activeSpanContext()?.spanId, span.trace?.traceparent.slice(36, 52)];
    });
    expect(recorded.named()).toEqual([]);
    gate.resolve();
    const [active, own] = await working;
    expect(active).toBe(own);
    expect(recorded.named('step')).toHaveLength(1);
  });

  test('fails with the code of an exception, and lets it through', () => {
    const error = new JetpackError('outbox_full', 'no room');
    expect(() => withSpan(spec, () => { throw error; })).toThrow(error);
    expect(recorded.named('step')[0]?.attributes).toEqual({ 'error.type': 'outbox_full' });
  });

  test('fails with the class of an exception that has no code, also in a promise', async () => {
    await expect(withSpan(spec, async () => { throw new RangeError('too far'); })).rejects.toThrow('too far');
    await expect(withSpan(spec, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(recorded.named('step').map((span) => span.attributes['error.type'])).toEqual(['RangeError', 'Error']);
  });
});

describe('work that brings no trace', () => {
  test('does not inherit the one of the message before it', async () => {
    const seen: unknown[] = [];
    const queue: Array<() => void> = [];
    // A mailbox: the second message is handled out of the first one's asynchronous context.
    inTrace(parent, () => {
      queue.push(() => seen.push(activeSpanContext()?.spanId));
      setImmediate(() => queue.forEach((handle) => inTrace(undefined, handle)));
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([undefined]);
  });

  test('enters nothing where nothing is active', () => {
    expect(inTrace(undefined, () => context.active())).toBe(ROOT_CONTEXT);
  });
});
