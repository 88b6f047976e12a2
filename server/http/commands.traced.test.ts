// The trace of a command begins where it was asked for: spans are recorded here, as by a server that exports them.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { CommandAnswer } from '../../actors/server/command-orders.ts';
import { fail, ok } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { recordSpans } from '../../telemetry/testing/recorded-spans.ts';
import { apiSources } from '../testing/api-sources.ts';
import { buildApp } from './app.ts';

const spans = recordSpans();
let app: FastifyInstance;
beforeEach(() => spans.reset());
afterEach(() => app.close());

const id = '00000000-0000-4000-8000-000000000001';
const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

const post = async (answer: CommandAnswer, headers: Readonly<Record<string, string>> = {}, payload: object = { cluster: 'box', nodes: 'all', command: 'check' }) => {
  const traces: Array<TraceContext | undefined> = [];
  const command = (_: unknown, trace: TraceContext | undefined) => (traces.push(trace), Promise.resolve(ok(answer)));
  app = buildApp(apiSources({ command }), (error) => {
    throw error;
  });
  await app.inject({ url: '/api/commands', method: 'POST', headers, payload });
  const [span, ...more] = spans.named('POST /api/commands');
  expect(more).toEqual([]);
  return { span: span!, traces };
};

test('a command carries on the span of its request, in the trace that the caller gave', async () => {
  const { span, traces } = await post({ outcome: 'ordered', id, targets: ['n1'] }, { traceparent });
  expect(span.parentSpanContext).toMatchObject({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) });
  expect(traces).toEqual([{ traceparent: `00-${'a'.repeat(32)}-${span.spanContext().spanId}-01` }]);
  expect(span.attributes).toMatchObject({ 'http.response.status_code': 202, 'jetpack.command.id': id });
});

test('without a trace of the caller it begins one', async () => {
  const { span } = await post({ outcome: 'ordered', id, targets: [] });
  expect(span.parentSpanContext).toBeUndefined();
});

test('what is not taken has its status, and the code where the server is to blame', async () => {
  const { span } = await post({ outcome: 'refused', ...fail('busy', 'too much') });
  expect(span.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': 'busy' });
});

test('a body that cannot be read is a span too', async () => {
  const { span, traces } = await post({ outcome: 'ordered', id, targets: [] }, {}, { cluster: 'box' });
  expect(traces).toEqual([]);
  expect(span.attributes).toMatchObject({ 'http.response.status_code': 400 });
  expect(span.attributes).not.toHaveProperty(['error.type']);
});
