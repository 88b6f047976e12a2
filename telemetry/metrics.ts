// The meters of a program. Made from OpenTelemetry's API once the SDK has started (`startTelemetry`): the API gives meters
// made earlier no way to the SDK. Without an SDK everything here does nothing.
import { createNoopMeter, metrics as api } from '@opentelemetry/api';
import { types } from 'node:util';
import type { Clock } from '../effects/clock.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { EventLoopDelay } from './event-loop.ts';
import { metrics as table, type MetricAttributes, type MetricName, type MetricNameOf } from './metric-table.ts';

const states = ['connecting', 'connected', 'blocked', 'failed', 'closed'] as const;

/** What is measured by looking, at every export. Several of a kind in one process (a cluster in a box) are added up. */
interface Observed {
  readonly mailboxes?: () => ReadonlyArray<{ readonly path: string; readonly mailbox: number }>;
  readonly transport?: () => { readonly state: (typeof states)[number]; readonly inFlight: number };
  readonly outbox?: () => { readonly rows: number; readonly bytes: number };
  /** Of this process, so there is one at most. */
  readonly eventLoop?: () => EventLoopDelay;
}

/** Compatible with the interceptors of the actor runtime. */
type MessageInterceptor = (handled: { readonly path: string }, next: () => unknown) => unknown;

export interface Metrics {
  /** A publish has its outcome: `error` for any but `confirmed`. */
  published(exchange: string, durationMs: number, error: ErrorCode | undefined): void;
  /** A delivery is settled. `template` is its queue without names of nodes; `error` why it was not acknowledged. */
  processed(template: string, durationMs: number, error: ErrorCode | undefined): void;
  /** Events of one kind are in the store, `lagMs` after their making. */
  synced(kind: string, lagMs: number): void;
  restarted(reason: string, directive: string): void;
  /** A message came from somebody who is not the node it speaks of. */
  identityRefused(): void;
  /** A connection to the broker is there again; `lost` says why the one before was lost. */
  reconnected(lost: ErrorCode): void;
  /** A delivery was settled when its channel was gone. */
  settlementDropped(): void;
  readonly isExported: boolean;
  /** Around every handler of an actor system; undefined while nothing is exported, so that it costs nothing. */
  readonly timeMessages: MessageInterceptor | undefined;
  /** Looks at these from now on, until the result is called. */
  observe(observed: Observed): () => void;
}

const optionsOf = (name: MetricName): { unit: string; description: string; advice: { explicitBucketBoundaries?: number[] } } => {
  const entry = table[name];
  return { unit: entry.unit, description: entry.meaning, advice: 'buckets' in entry ? { explicitBucketBoundaries: [...entry.buckets] } : {} };
};

const failure = (error: ErrorCode | undefined): { 'error.type'?: ErrorCode } => (error === undefined ? {} : { 'error.type': error });

export const createMetrics = (clock: Clock): Metrics => {
  const meter = api.getMeter('jetpack');
  const isExported = meter !== createNoopMeter();

  const counter = <N extends MetricNameOf<'counter'>>(name: N): ((attributes: MetricAttributes<N>) => void) => {
    const instrument = meter.createCounter(name, optionsOf(name));
    return (attributes) => instrument.add(1, attributes);
  };
  const histogram = <N extends MetricNameOf<'histogram'>>(name: N): ((ms: number, attributes: MetricAttributes<N>) => void) => {
    const instrument = meter.createHistogram(name, optionsOf(name));
    return (ms, attributes) => instrument.record(Math.max(0, ms) / 1000, attributes);
  };
  const sources = new Set<Observed>();
  const gauge = <N extends MetricNameOf<'gauge'>>(name: N, read: (add: (value: number, attributes: MetricAttributes<N>) => void) => void): void => {
    meter.createObservableGauge(name, optionsOf(name)).addCallback((result) => {
      const sums = new Map<string, { value: number; readonly attributes: MetricAttributes<N> }>();
      read((value, attributes) => {
        const key = JSON.stringify(attributes);
        const sum = sums.get(key);
        if (sum === undefined) sums.set(key, { value, attributes });
        else sum.value += value;
      });
      for (const { value, attributes } of sums.values()) result.observe(value, attributes);
    });
  };

  const sent = counter('messaging.client.sent.messages');
  const consumed = counter('messaging.client.consumed.messages');
  const returned = counter('jetpack.transport.returned');
  const reconnects = counter('jetpack.transport.reconnects');
  const dropped = counter('jetpack.transport.settlements.dropped');
  const restarts = counter('jetpack.supervisor.restarts');
  const refused = counter('jetpack.identity.refused');
  const operationDuration = histogram('messaging.client.operation.duration');
  const processDuration = histogram('messaging.process.duration');
  const messageDuration = histogram('jetpack.actor.message.duration');
  const lag = histogram('jetpack.sync.lag');
  gauge('jetpack.actor.mailbox.depth', (add) => {
    for (const { mailboxes } of sources) for (const { path, mailbox } of mailboxes?.() ?? []) add(mailbox, { 'jetpack.actor.path': path });
  });
  gauge('jetpack.transport.connection.state', (add) => {
    for (const { transport } of sources) {
      const current = transport?.().state;
      if (current !== undefined) for (const state of states) add(state === current ? 1 : 0, { 'jetpack.transport.state': state });
    }
  });
  gauge('jetpack.transport.inflight_confirms', (add) => {
    for (const { transport } of sources) if (transport !== undefined) add(transport().inFlight, {});
  });
  gauge('jetpack.outbox.rows', (add) => {
    for (const { outbox } of sources) if (outbox !== undefined) add(outbox().rows, {});
  });
  gauge('jetpack.outbox.bytes', (add) => {
    for (const { outbox } of sources) if (outbox !== undefined) add(outbox().bytes, {});
  });
  for (const quantile of ['p50', 'p99', 'max'] as const) {
    gauge(`nodejs.eventloop.delay.${quantile}`, (add) => {
      for (const { eventLoop } of sources) if (eventLoop !== undefined) add(eventLoop()[quantile], {});
    });
  }

  const timeMessages: MessageInterceptor = ({ path }, next) => {
    const started = clock.monotonic();
    const finish = (): void => messageDuration(clock.monotonic() - started, { 'jetpack.actor.path': path });
    let result: unknown;
    try {
      result = next();
    } catch (error) {
      finish();
      throw error;
    }
    if (types.isPromise(result)) return result.finally(finish);
    finish();
    return result;
  };

  return {
    published(exchange, durationMs, error) {
      const attributes = {
        'messaging.system': 'rabbitmq',
        'messaging.operation.name': 'publish',
        'messaging.destination.template': exchange,
        ...failure(error),
      };
      sent(attributes);
      operationDuration(durationMs, { ...attributes, 'messaging.operation.type': 'send' });
      if (error === 'unroutable') returned({ 'messaging.destination.template': exchange });
    },
    processed(template, durationMs, error) {
      const attributes = {
        'messaging.system': 'rabbitmq',
        'messaging.operation.name': 'process',
        'messaging.destination.template': template,
        ...failure(error),
      };
      consumed(attributes);
      processDuration(durationMs, attributes);
    },
    synced: (kind, lagMs) => lag(lagMs, { 'jetpack.event.kind': kind }),
    restarted: (reason, directive) => restarts({ 'jetpack.supervisor.reason': reason, 'jetpack.supervisor.directive': directive }),
    reconnected: (lost) => reconnects({ 'error.type': lost }),
    settlementDropped: () => dropped({}),
    identityRefused: () => refused({}),
    isExported,
    timeMessages: isExported ? timeMessages : undefined,
    observe(observed) {
      sources.add(observed);
      return () => void sources.delete(observed);
    },
  };
};
