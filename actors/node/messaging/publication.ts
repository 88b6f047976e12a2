// Rows of the outbox as messages for the broker, each with the span of its publish.
import type { Clock } from '../../../effects/clock.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import { encodeEventsFrame } from '../../../protocol/codec.ts';
import { wireVersion } from '../../../protocol/frames.ts';
import type { NodeAddress } from '../../../protocol/identity.ts';
import { routingKey } from '../../../protocol/routing.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import { startSpan, type SpanHandle } from '../../../telemetry/span.ts';
import { publishBatchSpan, publishSpan } from '../../../telemetry/spans.ts';
import { injectTrace } from '../../../telemetry/trace-carrier.ts';
import type { OutgoingMessage } from '../../../transport/port.ts';
import type { OutboxRow, OutboxStream, UserMessage } from './ports.ts';

export interface Destination {
  readonly address: NodeAddress;
  readonly reportsExchange: string;
  readonly userExchange: string;
}

export interface Publication {
  readonly message: OutgoingMessage;
  /** Ends with the outcome. */
  readonly span: SpanHandle;
}

/** The context an encoded event carries, without decoding those that carry none. */
const traceIn = (payload: string): TraceContext | undefined => {
  if (!payload.includes('"traceparent"')) return undefined;
  // Written by this program's own encoder, so its shape is known.
  return (JSON.parse(payload) as { readonly trace?: TraceContext }).trace;
};

/** A frame of events: a publish of its own, linked to the trace of each event in it. */
export const eventsPublication = (
  { address, reportsExchange }: Destination,
  stream: Pick<OutboxStream, 'stream' | 'after'>,
  rows: readonly OutboxRow[],
  clock: Clock,
  random: Random,
): Publication => {
  const id = uuid7(clock.now(), random);
  const body = encodeEventsFrame(
    { v: wireVersion, id, kind: 'events', sentAt: clock.now(), from: address },
    { stream: stream.stream, lane: 'report', after: stream.after },
    rows.map(({ sequence, payload }) => ({ sequence, event: payload })),
  );
  const message = {
    exchange: reportsExchange,
    routingKey: routingKey({ type: 'events', ...address }),
    body,
    messageId: id,
    type: 'events',
    contentType: 'application/json',
    persistent: true,
  };
  const span = startSpan(publishBatchSpan(message, rows.map(({ payload }) => traceIn(payload))));
  return { message: { ...message, headers: injectTrace({}, span.trace) }, span };
};

/**
 * A message of `jetpack send`, as its user meant it: their bytes, routing key, content type and headers. Headers of ours say
 * which node sent it.
 */
export const userPublication = ({ address, userExchange }: Destination, row: OutboxRow): Publication => {
  // Written by accept.ts of this program, so its shape is known.
  const user = JSON.parse(row.payload) as UserMessage;
  const message = {
    exchange: userExchange,
    routingKey: user.routingKey,
    body: Buffer.from(user.bodyBase64, 'base64'),
    messageId: user.id,
    type: 'send',
    contentType: user.contentType,
    persistent: user.persistent ?? true,
  };
  const span = startSpan(publishSpan(message, user.trace));
  const headers = injectTrace({ ...user.headers, 'jetpack-cluster': address.cluster, 'jetpack-node': address.node }, span.trace);
  return { message: { ...message, headers }, span };
};
