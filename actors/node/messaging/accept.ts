// What is asked of messaging, as entries of the outbox. An entry carries the context of its `accept` span, so the trace
// goes on from there however long the entry waits and whatever restarts in between.
import { encodeEvent } from '../../../protocol/codec.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import { priorityOf, type JetpackEvent } from '../../../protocol/events.ts';
import { limits } from '../../../protocol/limits.ts';
import type { SpooledRequest } from '../../../protocol/local.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import { checkUserRoutingKey } from '../../../protocol/routing.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import { startSpan, type SpanHandle } from '../../../telemetry/span.ts';
import { acceptSpan } from '../../../telemetry/spans.ts';
import type { NewEntry, UserMessage } from './ports.ts';
import type { PendingReport } from '../state.ts';

export interface Acceptance {
  readonly entry: NewEntry;
  /** Ends when the entry is durable. */
  readonly span: SpanHandle;
}

/** Ends the spans of what was accepted together, as failed when it has a code. */
export const endAll = (acceptances: readonly Acceptance[], failure?: ErrorCode): void => {
  for (const { span } of acceptances) {
    if (failure !== undefined) span.fail(failure);
    span.end();
  }
};

/** `Omit` over a union, kind by kind. */
type WithoutTrace<E> = E extends unknown ? Omit<E, 'trace'> : never;

export type ReportedEvent = WithoutTrace<JetpackEvent>;

const eventEntry = (bare: ReportedEvent, repeatable: boolean, parent: TraceContext | undefined): Result<Acceptance> => {
  const span = startSpan(acceptSpan(bare.kind, 'report', bare.id, parent));
  const event: JetpackEvent = { ...bare, trace: span.trace };
  const encoded = encodeEvent(event);
  if (!encoded.ok) {
    span.fail(encoded.error.code);
    span.end();
    return encoded;
  }
  const entry: NewEntry = { id: event.id, lane: 'report', priority: priorityOf(event), payload: encoded.value, repeatable };
  return ok({ entry, span });
};

/** An event of another actor of this node. */
const acceptEvent = (event: ReportedEvent, parent: TraceContext | undefined): Result<Acceptance> =>
  eventEntry(event, false, parent);

/** Events of another actor, all of them or none: one that cannot be taken refuses the others with it. */
export const acceptEvents = (events: readonly ReportedEvent[], parent: TraceContext | undefined): Result<readonly Acceptance[]> => {
  const acceptances: Acceptance[] = [];
  for (const event of events) {
    const accepted = acceptEvent(event, parent);
    if (!accepted.ok) {
      endAll(acceptances, accepted.error.code);
      return accepted;
    }
    acceptances.push(accepted.value);
  }
  return ok(acceptances);
};

/** A report that was kept in the node's state with the change it tells of: it may come again. */
export const acceptPending = ({ event, trace }: PendingReport): Result<Acceptance> => eventEntry(event, true, trace);

/** A request of the command line, by socket or spool: its id was minted there and may come again. */
export const acceptRequest = (request: SpooledRequest, parent: TraceContext | undefined): Result<Acceptance> => {
  switch (request.verb) {
    case 'log': {
      const { id, at, level, priority, message } = request;
      return eventEntry({ kind: 'log', id, at, level, priority, message }, true, parent);
    }
    case 'send': {
      const key = checkUserRoutingKey(request.routingKey);
      if (!key.ok) return key;
      const bytes = Buffer.byteLength(request.bodyBase64, 'base64');
      if (bytes > limits.userBody) {
        return fail('message_too_large', `the message has ${bytes} bytes: at most ${limits.userBody} are allowed`);
      }
      const span = startSpan(acceptSpan('send', 'user', request.id, parent));
      const { id, at, routingKey, contentType, bodyBase64 } = request;
      const message: UserMessage = { id, at, routingKey, contentType, bodyBase64, trace: span.trace };
      return ok({ entry: { id, lane: 'user', priority: 'high', payload: JSON.stringify(message), repeatable: true }, span });
    }
    default:
      return assertNever(request);
  }
};
