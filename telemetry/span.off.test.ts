// Nothing is registered here: no SDK, no propagator, no context manager.
import { expect, test } from '@jest/globals';
import { fromEnvironment, extractTrace, injectTrace } from './trace-carrier.ts';
import { startSpan, withSpan } from './span.ts';
import { acceptSpan, commandSpan, processSpan, publishBatchSpan, publishSpan, requestSpan } from './spans.ts';

const environment = { TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', TRACESTATE: 'odd state,,=kept as it is' };
const given = { traceparent: environment.TRACEPARENT, tracestate: environment.TRACESTATE };
const message = { exchange: 'jetpack.user', routingKey: 'a.b', messageId: 'm', body: new Uint8Array(3) };
const delivered = { exchange: 'e', routingKey: 'k', queue: 'q', template: 'q', redelivered: false, duplicate: false, kind: 'log', id: 'm', size: 3, queueingDelayMs: 1 };

test('without an SDK a trace given by the shell passes through every span unbroken', () => {
  const command = withSpan(commandSpan('send', fromEnvironment(environment)), (span) => span.trace);
  const request = withSpan(requestSpan('send', 'id', command), (span) => span.trace);
  const accepted = withSpan(acceptSpan('send', 'user', 'id', request), (span) => span.trace);
  const published = startSpan(publishSpan(message, accepted));
  const headers = injectTrace({ other: 1 }, published.trace);
  published.end();
  const received = extractTrace(headers);
  expect([command, request, accepted, published.trace, received]).toEqual([given, given, given, given, given]);
  expect(withSpan(processSpan(delivered, received, received), (span) => span.trace)).toEqual(given);
});

test('without an SDK and without a trace nothing is made up', () => {
  expect(withSpan(commandSpan('log', fromEnvironment({})), (span) => span.trace)).toBeUndefined();
  const batch = startSpan(publishBatchSpan(message, [given, undefined]));
  expect(batch.trace).toBeUndefined();
  expect(injectTrace({}, batch.trace)).toEqual({});
});

test('without an SDK a span still lets results and errors through', async () => {
  expect(withSpan(commandSpan('log', undefined), () => 7)).toBe(7);
  await expect(withSpan(commandSpan('log', undefined), async () => 7)).resolves.toBe(7);
  expect(() => withSpan(commandSpan('log', undefined), () => { throw new Error('crash'); })).toThrow('crash');
});
