// Every metric, as data: the code can make no other, and docs/TELEMETRY.md is made from it. No attribute of a metric ever
// holds the name of a node, a message's id or a path in the file system: each value costs a time series.
import type { AttributeName, Program } from './semconv.ts';

interface MetricEntry {
  readonly from: readonly Program[];
  readonly type: 'counter' | 'histogram' | 'gauge';
  /** UCUM. */
  readonly unit: string;
  readonly meaning: string;
  readonly attributes: readonly AttributeName[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** As the messaging conventions advise. */
const operationSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

const handlerSeconds = [0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30] as const;

const lagSeconds = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600, 86_400] as const;

const both = ['jetpackd', 'cycle-server'] as const;

export const metrics = {
  'messaging.client.sent.messages': {
    from: both,
    type: 'counter',
    unit: '{message}',
    meaning: 'AMQP messages published, whatever became of them.',
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.destination.template', 'error.type'],
  },
  'messaging.client.consumed.messages': {
    from: both,
    type: 'counter',
    unit: '{message}',
    meaning: 'AMQP messages that this program handled; frames of events when the events are in the store.',
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.destination.template', 'error.type'],
  },
  'messaging.client.operation.duration': {
    from: both,
    type: 'histogram',
    unit: 's',
    meaning: "From a publish to its outcome: the broker's confirm, or what came instead.",
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.operation.type', 'messaging.destination.template', 'error.type'],
    buckets: operationSeconds,
  },
  'messaging.process.duration': {
    from: both,
    type: 'histogram',
    unit: 's',
    meaning: 'How long that took: until the message was handed to the actor it is for, or its events were in the store.',
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.destination.template', 'error.type'],
    buckets: operationSeconds,
  },
  'jetpack.actor.mailbox.depth': {
    from: both,
    type: 'gauge',
    unit: '{message}',
    meaning: 'Messages that wait in the mailboxes of actors at this path.',
    attributes: ['jetpack.actor.path'],
  },
  'jetpack.actor.message.duration': {
    from: both,
    type: 'histogram',
    unit: 's',
    meaning: 'How long an actor took to handle a message, with what its handler waited for.',
    attributes: ['jetpack.actor.path'],
    buckets: handlerSeconds,
  },
  'jetpack.supervisor.restarts': {
    from: both,
    type: 'counter',
    unit: '{restart}',
    meaning: 'Actors that a supervisor restarted, replaced or gave up.',
    attributes: ['jetpack.supervisor.reason', 'jetpack.supervisor.directive'],
  },
  'jetpack.transport.connection.state': {
    from: both,
    type: 'gauge',
    unit: '{connection}',
    meaning: 'Connections to a broker in each state: in one program, 1 for the state it is in and 0 for the others.',
    attributes: ['jetpack.transport.state'],
  },
  'jetpack.transport.inflight_confirms': {
    from: both,
    type: 'gauge',
    unit: '{message}',
    meaning: 'Publishes that have no outcome yet.',
    attributes: [],
  },
  'jetpack.transport.reconnects': {
    from: both,
    type: 'counter',
    unit: '{connection}',
    meaning: 'Connections to the broker that were made again after one was lost, with the reason of the loss.',
    attributes: ['error.type'],
  },
  'jetpack.transport.settlements.dropped': {
    from: both,
    type: 'counter',
    unit: '{message}',
    meaning: 'Deliveries whose settlement came when their channel was gone: the broker delivers them again.',
    attributes: [],
  },
  'jetpack.transport.returned': {
    from: both,
    type: 'counter',
    unit: '{message}',
    meaning: 'Publishes that the broker gave back because no queue was bound.',
    attributes: ['messaging.destination.template'],
  },
  'jetpack.identity.refused': {
    from: ['cycle-server'],
    type: 'counter',
    unit: '{message}',
    meaning: 'AMQP messages refused because their publisher is not the node they speak of, or its identity was revoked.',
    attributes: [],
  },
  'jetpack.outbox.rows': {
    from: ['jetpackd'],
    type: 'gauge',
    unit: '{row}',
    meaning: 'Messages accepted by this node and not yet applied by the server.',
    attributes: [],
  },
  'jetpack.outbox.bytes': { from: ['jetpackd'], type: 'gauge', unit: 'By', meaning: 'What those messages take.', attributes: [] },
  'jetpack.sync.lag': {
    from: ['cycle-server'],
    type: 'histogram',
    unit: 's',
    meaning: "From the making of an event on its node to its place in the server's store, by the clocks of both.",
    attributes: ['jetpack.event.kind'],
    buckets: lagSeconds,
  },
  'nodejs.eventloop.delay.p50': { from: both, type: 'gauge', unit: 's', meaning: 'How late the event loop ran its timers, the median since the last export.', attributes: [] },
  'nodejs.eventloop.delay.p99': { from: both, type: 'gauge', unit: 's', meaning: 'The same, the 99th percentile.', attributes: [] },
  'nodejs.eventloop.delay.max': {
    from: both,
    type: 'gauge',
    unit: 's',
    meaning: 'The same, the worst. Near the heartbeat of the broker, connections are lost to it.',
    attributes: [],
  },
} as const satisfies Record<string, MetricEntry>;

export type MetricName = keyof typeof metrics;

export type MetricNameOf<T extends MetricEntry['type']> = { [N in MetricName]: (typeof metrics)[N]['type'] extends T ? N : never }[MetricName];

export type MetricAttributes<N extends MetricName> = Readonly<Partial<Record<(typeof metrics)[N]['attributes'][number], string>>>;
