// What is asked of messaging, as entries of the outbox. An entry carries the context of its `accept` span, so the trace
// goes on from there however long the entry waits and whatever restarts in between.
import { encodeEvent } from '../../../protocol/codec.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import { priorityOf, type JetpackEvent } from '../../../protocol/events.ts';
import { limits } from '../../../protocol/limits.ts';
import type { LocalRequestOf, SpooledRequest } from '../../../protocol/local.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import { checkUserRoutingKey } from '../../../protocol/routing.ts';
import { checkUserHeaders } from '../../../protocol/user-headers.ts';
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

/** What messaging takes of the command line; the host's name is filled in. */
export type MessageRequest =
  | Exclude<SpooledRequest, { readonly verb: 'condition' | 'installation' }>
  | LocalRequestOf<'test'>
  | (LocalRequestOf<'installation'> & { readonly hostname: string });

const acceptSend = (request: LocalRequestOf<'send'>, parent: TraceContext | undefined, userExchange: string): Result<Acceptance> => {
  const { id, at, routingKey, contentType, bodyBase64, headers, persistent, exchange = userExchange } = request;
  const key = checkUserRoutingKey(routingKey);
  if (!key.ok) return key;
  const given = checkUserHeaders(headers ?? {});
  if (!given.ok) return given;
  // Published to another one it would never leave: a node may write to no other.
  if (exchange !== userExchange && exchange !== 'user') return fail('exchange_refused', `a node publishes to the exchange ${userExchange} and to no other`);
  const bytes = Buffer.byteLength(bodyBase64, 'base64');
  if (bytes > limits.userBody) return fail('message_too_large', `the message has ${bytes} bytes: at most ${limits.userBody} are allowed`);
  const span = startSpan(acceptSpan('send', 'user', id, parent));
  const message: UserMessage = { id, at, routingKey, contentType, bodyBase64, headers, persistent, trace: span.trace };
  return ok({ entry: { id, lane: 'user', priority: 'high', payload: JSON.stringify(message), repeatable: true }, span });
};

/** A request of the command line, by socket or spool: its id was minted there and may come again. `userExchange`: that of `jetpack send`. */
export const acceptRequest = (request: MessageRequest, parent: TraceContext | undefined, userExchange: string): Result<Acceptance> => {
  switch (request.verb) {
    case 'log': {
      const { id, at, level, priority, message, details } = request;
      return eventEntry({ kind: 'log', id, at, level, priority, message, details }, true, parent);
    }
    case 'send':
      return acceptSend(request, parent, userExchange);
    case 'autoscale': {
      const { id, at, targets } = request;
      return eventEntry({ kind: 'autoscale', id, at, targets }, true, parent);
    }
    case 'installation': {
      const { id, at, status, message, hostname, details } = request;
      return eventEntry({ kind: 'installation', id, at, status, message, hostname, details }, true, parent);
    }
    case 'test': {
      const { id, at, level, name, message, details } = request;
      return eventEntry({ kind: 'test', id, at, level, name, message, details }, true, parent);
    }
    default:
      return assertNever(request);
  }
};
