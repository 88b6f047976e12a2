// Every metric, as data: the code can make no other, and docs/TELEMETRY.md is made from it. No attribute of a metric ever
// holds the name of a node, a message's id or a path in the file system: each value costs a time series.
import type { AttributeName } from './semconv.ts';

interface MetricEntry {
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

export const metrics = {
  'messaging.client.sent.messages': {
    type: 'counter',
    unit: '{message}',
    meaning: 'AMQP messages published, whatever became of them.',
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.destination.template', 'error.type'],
  },
  'messaging.client.consumed.messages': {
    type: 'counter',
    unit: '{message}',
    meaning: 'AMQP messages delivered to this program.',
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.destination.template', 'error.type'],
  },
  'messaging.client.operation.duration': {
    type: 'histogram',
    unit: 's',
    meaning: "From a publish to its outcome: the broker's confirm, or what came instead.",
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.operation.type', 'messaging.destination.template', 'error.type'],
    buckets: operationSeconds,
  },
  'messaging.process.duration': {
    type: 'histogram',
    unit: 's',
    meaning: 'From a delivery to its settlement.',
    attributes: ['messaging.system', 'messaging.operation.name', 'messaging.destination.template', 'error.type'],
    buckets: operationSeconds,
  },
  'jetpack.actor.mailbox.depth': {
    type: 'gauge',
    unit: '{message}',
    meaning: 'Messages that wait in the mailboxes of actors at this path.',
    attributes: ['jetpack.actor.path'],
  },
  'jetpack.actor.message.duration': {
    type: 'histogram',
    unit: 's',
    meaning: 'How long an actor took to handle a message, with what its handler waited for.',
    attributes: ['jetpack.actor.path'],
    buckets: handlerSeconds,
  },
  'jetpack.supervisor.restarts': {
    type: 'counter',
    unit: '{restart}',
    meaning: 'Actors that a supervisor restarted, replaced or gave up.',
    attributes: ['jetpack.supervisor.reason', 'jetpack.supervisor.directive'],
  },
  'jetpack.transport.connection.state': {
    type: 'gauge',
    unit: '{connection}',
    meaning: 'Connections to a broker in each state: in one program, 1 for the state it is in and 0 for the others.',
    attributes: ['jetpack.transport.state'],
  },
  'jetpack.transport.inflight_confirms': {
    type: 'gauge',
    unit: '{message}',
    meaning: 'Publishes that have no outcome yet.',
    attributes: [],
  },
  'jetpack.transport.returned': {
    type: 'counter',
    unit: '{message}',
    meaning: 'Publishes that the broker gave back because no queue was bound.',
    attributes: ['messaging.destination.template'],
  },
  'jetpack.outbox.rows': {
    type: 'gauge',
    unit: '{row}',
    meaning: 'Messages accepted by this node and not yet applied by the server.',
    attributes: [],
  },
  'jetpack.outbox.bytes': { type: 'gauge', unit: 'By', meaning: 'What those messages take.', attributes: [] },
  'jetpack.sync.lag': {
    type: 'histogram',
    unit: 's',
    meaning: "From the making of an event on its node to its place in the server's store, by the clocks of both.",
    attributes: ['jetpack.event.kind'],
    buckets: lagSeconds,
  },
} as const satisfies Record<string, MetricEntry>;

export type MetricName = keyof typeof metrics;

export type MetricNameOf<T extends MetricEntry['type']> = { [N in MetricName]: (typeof metrics)[N]['type'] extends T ? N : never }[MetricName];

export type MetricAttributes<N extends MetricName> = Readonly<Partial<Record<(typeof metrics)[N]['attributes'][number], string>>>;
