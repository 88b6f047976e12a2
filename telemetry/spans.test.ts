import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../protocol/errors.ts';
import type { TraceContext } from '../protocol/trace.ts';
import { spans } from './semconv.ts';
import { startSpan, withSpan } from './span.ts';
import { acceptSpan, apiSpan, commandSpan, processSpan, publishBatchSpan, publishSpan, recordExit, recordResponse, requestSpan } from './spans.ts';
import { recordSpans } from './testing/recorded-spans.ts';
import { extractTrace, injectTrace } from './trace-carrier.ts';

const recorded = recordSpans();
afterEach(() => recorded.reset());

const frame = { exchange: 'jetpack.reports', routingKey: 'events.c1.n1', messageId: 'frame-1', body: new Uint8Array(900) };
const delivered = {
  exchange: 'jetpack.reports',
  routingKey: 'events.c1.n1',
  queue: 'jetpack.reports',
  template: 'jetpack.reports',
  redelivered: false,
  duplicate: false,
  kind: 'log',
  size: 300,
  queueingDelayMs: 1500,
};

/** `jetpack log` up to the outbox: the context that the event then carries. */
const accept = (id: string): TraceContext | undefined =>
  withSpan(commandSpan('log', undefined), (command) => {
    const trace = withSpan(requestSpan('log', id, command.trace), (request) => withSpan(acceptSpan('log', 'report', id, request.trace), (accepted) => accepted.trace));
    recordExit(command, 0, undefined);
    return trace;
  });

/** One frame from the node's transport to the server's actors. */
const carry = (events: ReadonlyArray<TraceContext | undefined>): void => {
  const publish = startSpan(publishBatchSpan(frame, events));
  const headers = injectTrace({}, publish.trace);
  publish.end();
  for (const [index, own] of events.entries()) {
    withSpan(processSpan({ ...delivered, id: `event-${index}` }, own, extractTrace(headers)), () => undefined);
  }
};

const spanIds = (all: readonly ReadableSpan[]): string[] => all.map((span) => span.spanContext().spanId);
const traceIds = (all: readonly ReadableSpan[]): string[] => all.map((span) => span.spanContext().traceId);
const parentIds = (all: readonly ReadableSpan[]): Array<string | undefined> => all.map((span) => span.parentSpanContext?.spanId);

describe('three messages in one batch', () => {
  test('give one publish with three links, and three handlings, each in its own trace and linked to the publish', () => {
    carry([accept('1'), accept('2'), accept('3')]);

    const accepts = recorded.named('accept log');
    const publishes = recorded.named('publish jetpack.reports');
    const processes = recorded.named('process jetpack.reports');
    expect(new Set(traceIds(accepts)).size).toBe(3);
    expect(publishes).toHaveLength(1);
    expect(publishes[0]!.parentSpanContext).toBeUndefined();
    expect(publishes[0]!.links.map(({ context }) => context.spanId)).toEqual(spanIds(accepts));
    expect(traceIds(accepts)).not.toContain(traceIds(publishes)[0]);
    expect(traceIds(processes)).toEqual(traceIds(accepts));
    expect(parentIds(processes)).toEqual(spanIds(accepts));
    expect(processes.map((span) => span.links.map(({ context }) => context.spanId))).toEqual([spanIds(publishes), spanIds(publishes), spanIds(publishes)]);
  });

  test('are each one trace from the shell to the store', () => {
    carry([accept('1')]);
    const way = [recorded.named('jetpack log'), recorded.named('jetpackd/log'), recorded.named('accept log'), recorded.named('process jetpack.reports')].flat();
    expect(new Set(traceIds(way)).size).toBe(1);
    expect(parentIds(way)).toEqual([undefined, ...spanIds(way).slice(0, 3)]);
    expect(way.map((span) => span.kind)).toEqual([SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.INTERNAL, SpanKind.CONSUMER]);
  });

  test('and sent again after a restart, keep their traces: each attempt is a span of its own', () => {
    const events = [accept('1'), accept('2')];
    carry(events);
    carry(events);
    const processes = recorded.named('process jetpack.reports');
    const accepts = recorded.named('accept log');
    expect(parentIds(processes)).toEqual([...spanIds(accepts), ...spanIds(accepts)]);
    expect(new Set(spanIds(processes)).size).toBe(4);
    const links = processes.map((span) => span.links[0]?.context.spanId);
    expect(links).toEqual(spanIds(recorded.named('publish jetpack.reports')).flatMap((id) => [id, id]));
  });

  test('need not all have a trace', () => {
    carry([undefined, accept('1')]);
    const [publish] = recorded.named('publish jetpack.reports');
    expect(publish!.links).toHaveLength(1);
    expect(publish!.attributes['messaging.batch.message_count']).toBe(2);
    const [first] = recorded.named('process jetpack.reports');
    expect(first!.parentSpanContext).toBeUndefined();
    expect(first!.links).toHaveLength(1);
  });
});

describe("a user's message", () => {
  test('is published in its own trace, without a link', () => {
    const own = accept('1');
    startSpan(publishSpan({ ...frame, exchange: 'jetpack.user', routingKey: 'jobs.done' }, own)).end();
    const [publish] = recorded.named('publish jetpack.user');
    expect(publish!.kind).toBe(SpanKind.PRODUCER);
    expect(publish!.links).toEqual([]);
    expect(parentIds([publish!])).toEqual(spanIds(recorded.named('accept log')));
    expect(publish!.attributes).not.toHaveProperty(['messaging.batch.message_count']);
  });
});

describe('attributes', () => {
  test('of a command are its process and exit code, and its failure if it failed', () => {
    withSpan(commandSpan('log', undefined), (span) => recordExit(span, 0, undefined));
    withSpan(commandSpan('log', undefined), (span) => recordExit(span, 2, 'usage'));
    const [good, bad] = recorded.named('jetpack log').map((span) => span.attributes);
    const own = { 'process.executable.name': 'jetpack', 'process.pid': process.pid };
    expect(good).toEqual({ ...own, 'process.exit.code': 0 });
    expect(bad).toEqual({ ...own, 'process.exit.code': 2, 'error.type': 'usage' });
  });

  test('of a publish and a handling follow the messaging conventions', () => {
    startSpan(publishSpan({ ...frame, correlationId: 'question' }, undefined)).end();
    const queue = { queue: 'jetpack.node.c1.n1', template: 'jetpack.node.{cluster}.{node}' };
    startSpan(processSpan({ ...delivered, ...queue, redelivered: true, duplicate: true, id: 'event-1', correlationId: 'question' }, undefined, undefined)).end();
    expect(recorded.named('publish jetpack.reports')[0]!.attributes).toEqual({
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'jetpack.reports:events.c1.n1',
      'messaging.destination.template': 'jetpack.reports',
      'messaging.rabbitmq.destination.routing_key': 'events.c1.n1',
      'messaging.message.id': 'frame-1',
      'messaging.message.conversation_id': 'question',
      'messaging.message.body.size': 900,
    });
    expect(recorded.named('process jetpack.node.{cluster}.{node}')[0]!.attributes).toEqual({
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'jetpack.reports:events.c1.n1:jetpack.node.c1.n1',
      'messaging.destination.template': 'jetpack.node.{cluster}.{node}',
      'messaging.rabbitmq.destination.routing_key': 'events.c1.n1',
      'messaging.message.id': 'event-1',
      'messaging.message.conversation_id': 'question',
      'messaging.message.body.size': 300,
      'jetpack.event.kind': 'log',
      'jetpack.queueing.delay': 1.5,
      'jetpack.redelivered': true,
      'jetpack.duplicate': true,
    });
  });

  test('of a request to the API are its status and the command it gave; only what the server is to blame for is a failure', () => {
    const answered = (...args: [status: number, command: string | undefined, code: ErrorCode | undefined]): ReadableSpan => {
      withSpan(apiSpan('/api/commands', undefined), (span) => recordResponse(span, ...args));
      return recorded.named('POST /api/commands').at(-1)!;
    };
    const request = { 'http.request.method': 'POST', 'http.route': '/api/commands', 'url.path': '/api/commands', 'url.scheme': 'http' };
    const [good, refused, failed] = [answered(202, 'command-1', undefined), answered(404, undefined, 'request_invalid'), answered(503, undefined, 'busy')];
    expect(good.attributes).toEqual({ ...request, 'http.response.status_code': 202, 'jetpack.command.id': 'command-1' });
    expect(refused.attributes).toEqual({ ...request, 'http.response.status_code': 404 });
    expect(failed.attributes).toEqual({ ...request, 'http.response.status_code': 503, 'error.type': 'busy' });
    expect([good, refused, failed].map(({ kind, status }) => [kind, status.code])).toEqual([
      [SpanKind.SERVER, SpanStatusCode.UNSET],
      [SpanKind.SERVER, SpanStatusCode.UNSET],
      [SpanKind.SERVER, SpanStatusCode.ERROR],
    ]);
  });

  test('of a queueing delay are never below zero: the clock of a node may be ahead', () => {
    startSpan(processSpan({ ...delivered, id: 'e', queueingDelayMs: -20 }, undefined, undefined)).end();
    expect(recorded.named('process jetpack.reports')[0]!.attributes['jetpack.queueing.delay']).toBe(0);
  });

  test('are all that the table of spans lists, and no other', () => {
    const correlated = { correlationId: 'question' };
    const specs = {
      command: commandSpan('log', undefined),
      request: requestSpan('log', '1', undefined),
      api: apiSpan('/api/commands', undefined),
      accept: acceptSpan('log', 'report', '1', undefined),
      publish: publishBatchSpan({ ...frame, ...correlated }, [undefined]),
      process: processSpan({ ...delivered, ...correlated, id: '1' }, undefined, undefined),
    };
    for (const spec of Object.values(specs)) {
      const span = startSpan(spec);
      if (spec === specs.command) recordExit(span, 1, 'timeout');
      else if (spec === specs.api) recordResponse(span, 503, '1', 'timeout');
      else span.fail('timeout');
      span.end();
    }
    const emitted = recorded.named().map((span) => Object.keys(span.attributes).sort());
    const listed = Object.values(spans).map(({ attributes, optional }) => [...attributes, ...optional].sort());
    expect(Object.keys(specs)).toEqual(Object.keys(spans));
    expect(emitted).toEqual(listed);
    expect(recorded.named().map((span) => SpanKind[span.kind])).toEqual(Object.values(spans).map(({ kind }) => kind));
  });
});
