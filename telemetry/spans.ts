// The spans of a message's way from the shell to the server's store, as docs/TELEMETRY.md lists them. Each function gives
// the data of one span, for `startSpan` or `withSpan`.
import type { ErrorCode } from '../protocol/errors.ts';
import type { TraceContext } from '../protocol/trace.ts';
import { spans, type AttributeOf, type SpanType } from './semconv.ts';
import type { AttributeValue, SpanHandle, SpanSpec } from './span.ts';

/** Every name ends with its one placeholder. */
const named = (template: string, filling: string): string => `${template.slice(0, template.indexOf('{'))}${filling}`;

const spanOf = <K extends SpanType>(
  type: K,
  filling: string,
  attributes: { readonly [A in AttributeOf<K>]?: AttributeValue | undefined },
  parent: TraceContext | undefined,
  links: readonly TraceContext[] = [],
): SpanSpec => ({ name: named(spans[type].name, filling), kind: spans[type].kind, parent, links, attributes });

/** One run of the command line: `jetpack log`. Arguments are left out; they may hold secrets. */
export const commandSpan = (command: string, parent: TraceContext | undefined): SpanSpec =>
  spanOf('command', command, { 'process.executable.name': 'jetpack', 'process.pid': process.pid }, parent);

/** How the command ended. `code` says why it failed, if it did. */
export const recordExit = (span: SpanHandle, exit: number, code: ErrorCode | undefined): void => {
  span.setAttribute('process.exit.code', exit);
  if (exit !== 0) span.fail(code ?? 'internal');
};

/** A request on a local socket, served by the daemon. */
export const requestSpan = (verb: string, id: string, parent: TraceContext | undefined): SpanSpec =>
  spanOf('request', verb, { 'jetpack.verb': verb, 'jetpack.message.id': id, 'network.transport': 'unix' }, parent);

/** A command given over HTTP. The command carries this span's context as its own from then on. */
export const apiSpan = (route: string, parent: TraceContext | undefined): SpanSpec =>
  spanOf('api', route, { 'http.request.method': 'POST', 'http.route': route, 'url.path': route, 'url.scheme': 'http' }, parent);

/** How a request to the API was answered. `command` is the id of a command that was taken; `code` says why it was not, where that is the server's fault. */
export const recordResponse = (span: SpanHandle, status: number, command: string | undefined, code: ErrorCode | undefined): void => {
  span.setAttribute('http.response.status_code', status);
  if (command !== undefined) span.setAttribute('jetpack.command.id', command);
  if (status >= 500) span.fail(code ?? 'internal');
};

/** From a message taken to it being durable in the outbox. An event carries this span's context as its own from then on. */
export const acceptSpan = (kind: string, lane: string, id: string, parent: TraceContext | undefined): SpanSpec =>
  spanOf('accept', kind, { 'jetpack.event.kind': kind, 'jetpack.outbox.lane': lane, 'jetpack.message.id': id }, parent);

/** What a publish is told by: an `OutgoingMessage` of the transport has it all. */
export interface PublishedMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string;
  readonly body: Uint8Array;
  readonly correlationId?: string | undefined;
}

const publish = (message: PublishedMessage, count: number | undefined, parent: TraceContext | undefined, links: readonly TraceContext[]): SpanSpec =>
  spanOf(
    'publish',
    message.exchange,
    {
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.destination.name': `${message.exchange}:${message.routingKey}`,
      'messaging.destination.template': message.exchange,
      'messaging.rabbitmq.destination.routing_key': message.routingKey,
      'messaging.message.id': message.messageId,
      'messaging.message.conversation_id': message.correlationId,
      'messaging.message.body.size': message.body.length,
      'messaging.batch.message_count': count,
    },
    parent,
    links,
  );

/** A publish that belongs to one trace: a user's message, a command. It ends at the broker's confirm. */
export const publishSpan = (message: PublishedMessage, parent: TraceContext | undefined): SpanSpec => publish(message, undefined, parent, []);

/** A publish of many events, each with its own trace: a trace of its own that links to theirs, also when there is but one. */
export const publishBatchSpan = (message: PublishedMessage, events: ReadonlyArray<TraceContext | undefined>): SpanSpec =>
  publish(
    message,
    events.length,
    undefined,
    events.filter((trace) => trace !== undefined),
  );

/** An event, or a frame that is handled whole, out of a delivery. */
export interface ProcessedMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly queue: string;
  /** The queue with names of cluster and node replaced by placeholders; the queue itself where it holds none. */
  readonly template: string;
  readonly redelivered: boolean;
  /** Whether it was taken before, by whichever message. */
  readonly duplicate: boolean;
  readonly kind: string;
  readonly id: string | undefined;
  readonly correlationId?: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** From its making to now; a clock that is ahead may make it negative. */
  readonly queueingDelayMs: number;
}

/**
 * The handling of one event or command. `parent` is the context that an event carries itself, or the publish of a command;
 * `publication` the one in the AMQP headers. Every attempt is a span of its own.
 */
export const processSpan = (message: ProcessedMessage, parent: TraceContext | undefined, publication: TraceContext | undefined): SpanSpec =>
  spanOf(
    'process',
    message.template,
    {
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': `${message.exchange}:${message.routingKey}:${message.queue}`,
      'messaging.destination.template': message.template,
      'messaging.rabbitmq.destination.routing_key': message.routingKey,
      'messaging.message.id': message.id,
      'messaging.message.conversation_id': message.correlationId,
      'messaging.message.body.size': message.size,
      'jetpack.event.kind': message.kind,
      'jetpack.queueing.delay': Math.max(0, message.queueingDelayMs) / 1000,
      'jetpack.redelivered': message.redelivered,
      'jetpack.duplicate': message.duplicate,
    },
    parent,
    publication === undefined ? [] : [publication],
  );
