// Every name of a span and an attribute, as data: the code can use no other, and docs/TELEMETRY.md is made from it.
//
// The messaging and CLI conventions of OpenTelemetry are still in development, so their names are copied here, as of the
// version below, and change only on purpose. (A later version renames `messaging.system`; it is taken up when the messaging
// conventions are stable, as they ask.) Names of our own begin with `jetpack.`.

export const semconvVersion = '1.38.0';

/** What each attribute holds. */
export const attributes = {
  'error.type': 'On failure only: the error code (docs/ERRORS.md), or the class of an exception.',
  'process.executable.name': 'Always `jetpack`.',
  'process.pid': 'The process id of the command.',
  'process.exit.code': 'The exit code of the command.',
  'network.transport': 'Always `unix`: the request came over a local socket.',
  'messaging.system': 'Always `rabbitmq`; the embedded broker, which follows its model, reports the same.',
  'messaging.operation.name': '`publish` or `process`.',
  'messaging.operation.type': '`send` for a publish, `process` for the handling of a message.',
  'messaging.destination.name': '`exchange:routingkey` of a publish, `exchange:routingkey:queue` of a delivery.',
  'messaging.destination.template': 'The exchange of a publish, the queue of a delivery, with the names of cluster and node replaced by placeholders.',
  'messaging.rabbitmq.destination.routing_key': 'The routing key.',
  'messaging.message.id': 'The id of the event where one event is handled, else of the AMQP message.',
  'messaging.message.conversation_id': 'The correlation id of a question and its answer, where there is one.',
  'messaging.message.body.size': 'Bytes of the body; of one event, bytes of its JSON.',
  'messaging.batch.message_count': 'Events that travel in one AMQP message.',
  'jetpack.message.id': 'The id that the command line minted; the same however often and whichever way the message comes.',
  'jetpack.verb': 'What a request on a local socket asks for.',
  'jetpack.event.kind': 'Kind of the event or frame; `send` for a message of `jetpack send`.',
  'jetpack.outbox.lane': 'The lane of the outbox: `report` or `user`.',
  'jetpack.queueing.delay': 'Seconds from the making of the event or frame to its handling, by the clocks of two machines; never below 0.',
  'jetpack.redelivered': 'Whether the broker delivered the message before.',
  'jetpack.actor.path': 'The path of the actor, `node/messaging`.',
  'jetpack.transport.state': '`connecting`, `connected`, `blocked`, `failed` or `closed`.',
  'jetpack.supervisor.reason': 'Why the actor was restarted.',
  'jetpack.supervisor.directive': 'What the supervisor decided.',
} as const satisfies Record<string, string>;

export type AttributeName = keyof typeof attributes;

interface SpanEntry {
  /** Words in braces are filled in. */
  readonly name: string;
  readonly kind: 'INTERNAL' | 'SERVER' | 'PRODUCER' | 'CONSUMER';
  readonly parent: string;
  readonly links: string;
  readonly attributes: readonly AttributeName[];
}

const messaging = [
  'messaging.system',
  'messaging.operation.name',
  'messaging.operation.type',
  'messaging.destination.name',
  'messaging.destination.template',
  'messaging.rabbitmq.destination.routing_key',
  'messaging.message.id',
  'messaging.message.conversation_id',
  'messaging.message.body.size',
] as const satisfies readonly AttributeName[];

export const spans = {
  command: {
    name: 'jetpack {command}',
    kind: 'INTERNAL',
    parent: '`TRACEPARENT` of the environment, else none',
    links: 'none',
    attributes: ['process.executable.name', 'process.pid', 'process.exit.code', 'error.type'],
  },
  request: {
    name: 'jetpackd/{verb}',
    kind: 'SERVER',
    parent: 'the trace in the request: `jetpack {command}`',
    links: 'none',
    attributes: ['jetpack.verb', 'jetpack.message.id', 'network.transport', 'error.type'],
  },
  accept: {
    name: 'accept {kind}',
    kind: 'INTERNAL',
    parent: '`jetpackd/{verb}`; for a spooled message, `jetpack {command}`',
    links: 'none',
    attributes: ['jetpack.event.kind', 'jetpack.outbox.lane', 'jetpack.message.id', 'error.type'],
  },
  publish: {
    name: 'publish {exchange}',
    kind: 'PRODUCER',
    parent: 'none for a batch of events; for any other message, the trace it belongs to',
    links: 'for a batch, the `accept {kind}` of each event that has one',
    attributes: [...messaging, 'messaging.batch.message_count', 'error.type'],
  },
  process: {
    name: 'process {queue}',
    kind: 'CONSUMER',
    parent: 'the trace of the event or frame itself: `accept {kind}` of an event',
    links: 'the `publish {exchange}` that brought it, out of the AMQP headers',
    attributes: [...messaging, 'jetpack.event.kind', 'jetpack.queueing.delay', 'jetpack.redelivered', 'error.type'],
  },
} as const satisfies Record<string, SpanEntry>;

export type SpanType = keyof typeof spans;

export type AttributeOf<K extends SpanType> = (typeof spans)[K]['attributes'][number];
