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
  'http.request.method': 'Always `POST`.',
  'http.route': 'The path of the API that was asked.',
  'http.response.status_code': 'The status of the answer.',
  'url.path': 'As `http.route`: no part of it is variable.',
  'url.scheme': 'Always `http`.',
  'messaging.system': 'Always `rabbitmq`; the embedded broker, which follows its model, reports the same.',
  'messaging.operation.name': '`publish` or `process`.',
  'messaging.operation.type': '`send` for a publish, `process` for the handling of a message.',
  'messaging.destination.name': '`exchange:routingkey` of a publish, `exchange:routingkey:queue` of a delivery.',
  'messaging.destination.template': 'The exchange of a publish, the queue of a delivery, with the names of cluster and node replaced by placeholders.',
  'messaging.rabbitmq.destination.routing_key': 'The routing key.',
  'messaging.message.id': 'The id of the event where one event is handled, else of the AMQP message.',
  'messaging.message.conversation_id': 'The id of a command of the server: on what asks a node for it, and on what the node answers.',
  'messaging.message.body.size': 'Bytes of the body; of one event, bytes of its JSON.',
  'messaging.batch.message_count': 'Events that travel in one AMQP message.',
  'jetpack.message.id': 'The id that the command line minted; the same however often and whichever way the message comes.',
  'jetpack.verb': 'What a request on a local socket asks for.',
  'jetpack.command.id': 'The id of a command, once it is in the store.',
  'jetpack.event.kind': 'Kind of the event or frame; `send` for a message of `jetpack send`.',
  'jetpack.outbox.lane': 'The lane of the outbox: `report` or `user`.',
  'jetpack.queueing.delay': 'Seconds from the making of the event or frame to its handling, by the clocks of two machines; never below 0.',
  'jetpack.redelivered': 'Whether the broker delivered the message before.',
  'jetpack.duplicate': 'Whether the event or command had been taken before, by whichever message: then nothing is done a second time.',
  'jetpack.actor.path': 'The path of the actor, `node/messaging`.',
  'jetpack.transport.state': '`connecting`, `connected`, `blocked`, `failed` or `closed`.',
  'jetpack.supervisor.reason': 'Why the actor was restarted.',
  'jetpack.supervisor.directive': 'What the supervisor decided.',
} as const satisfies Record<string, string>;

export type AttributeName = keyof typeof attributes;

/** What each attribute of a resource holds. Others may be added by `OTEL_RESOURCE_ATTRIBUTES`. */
export const resource = {
  'service.name': '`jetpack`, `jetpackd` or `cycle-server`; `OTEL_SERVICE_NAME` names it otherwise.',
  'service.version': 'The version of this program.',
  'service.instance.id': 'Of `jetpackd`, `CLUSTER/NODE`; of `cycle-server`, the name of its machine; of a `jetpack` command, a random one for each run.',
  'host.name': 'The name of the machine.',
  'host.id': 'Its id, where the system gives it one.',
  'host.arch': 'Its architecture.',
  'telemetry.sdk.name': 'Always `opentelemetry`.',
  'telemetry.sdk.language': 'Always `nodejs`.',
  'telemetry.sdk.version': 'The version of the SDK.',
} as const satisfies Record<string, string>;

/** What exports telemetry, by its `service.name`. */
export type Program = 'jetpack' | 'jetpackd' | 'cycle-server';

interface SpanEntry {
  /** Words in braces are filled in. */
  readonly name: string;
  readonly from: readonly Program[];
  readonly kind: 'INTERNAL' | 'SERVER' | 'PRODUCER' | 'CONSUMER';
  readonly parent: string;
  readonly links: string;
  /** On every span of the kind that has ended. */
  readonly attributes: readonly AttributeName[];
  /** On those they apply to. */
  readonly optional: readonly AttributeName[];
}

const messaging = [
  'messaging.system',
  'messaging.operation.name',
  'messaging.operation.type',
  'messaging.destination.name',
  'messaging.destination.template',
  'messaging.rabbitmq.destination.routing_key',
  'messaging.message.id',
  'messaging.message.body.size',
] as const satisfies readonly AttributeName[];

export const spans = {
  command: {
    name: 'jetpack {command}',
    from: ['jetpack'],
    kind: 'INTERNAL',
    parent: '`TRACEPARENT` of the environment, else none',
    links: 'none',
    attributes: ['process.executable.name', 'process.pid', 'process.exit.code'],
    optional: ['error.type'],
  },
  request: {
    name: 'jetpackd/{verb}',
    from: ['jetpackd'],
    kind: 'SERVER',
    parent: 'the trace in the request: `jetpack {command}`',
    links: 'none',
    attributes: ['jetpack.verb', 'jetpack.message.id', 'network.transport'],
    optional: ['error.type'],
  },
  api: {
    name: 'POST {route}',
    from: ['cycle-server'],
    kind: 'SERVER',
    parent: 'the `traceparent` header of the request, else none',
    links: 'none',
    attributes: ['http.request.method', 'http.route', 'http.response.status_code', 'url.path', 'url.scheme'],
    optional: ['jetpack.command.id', 'error.type'],
  },
  accept: {
    name: 'accept {kind}',
    from: ['jetpackd'],
    kind: 'INTERNAL',
    parent: "`jetpackd/{verb}`; for a spooled message, `jetpack {command}`; for a node's own report, the request or command it comes of, else none",
    links: 'none',
    attributes: ['jetpack.event.kind', 'jetpack.outbox.lane', 'jetpack.message.id'],
    optional: ['error.type'],
  },
  publish: {
    name: 'publish {exchange}',
    from: ['jetpackd', 'cycle-server'],
    kind: 'PRODUCER',
    parent: 'none for a batch of events; `accept send` for a message of a user; for a command, the `POST {route}` that gave it',
    links: 'for a batch, the `accept {kind}` of each event that has one',
    attributes: messaging,
    optional: ['messaging.message.conversation_id', 'messaging.batch.message_count', 'error.type'],
  },
  process: {
    name: 'process {queue}',
    from: ['jetpackd', 'cycle-server'],
    kind: 'CONSUMER',
    parent: 'for an event, its `accept {kind}`; for a command, the `publish {exchange}` that brought it',
    links: 'the `publish {exchange}` that brought it, out of the AMQP headers',
    attributes: [...messaging, 'jetpack.event.kind', 'jetpack.queueing.delay', 'jetpack.redelivered', 'jetpack.duplicate'],
    optional: ['messaging.message.conversation_id', 'error.type'],
  },
} as const satisfies Record<string, SpanEntry>;

export type SpanType = keyof typeof spans;

export type AttributeOf<K extends SpanType> = (typeof spans)[K]['attributes' | 'optional'][number];
