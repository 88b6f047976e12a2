// The broker side of a program: who hangs where, and what a failure does.
//
//   broker (one for one)
//   ├─ publish (rest for one)     connection, then the publisher on it
//   └─ consume (rest for one)     connection, then the consumers on it, a pool
//
// A lost connection takes its channels with it, a lost channel nobody else. A loss is never too many: it is begun anew for as
// long as the program runs, after the wait that its patience gives. What no attempt can mend goes up to the root at once.
// A defect has the usual window, here and above.
import { brokerConnection, type ConnectionMessage } from '../actors/broker/connection.ts';
import { brokerConsumer, type ConsumerMessage, type Wish } from '../actors/broker/consumer.ts';
import type { Connector, Report, Side } from '../actors/broker/ports.ts';
import { brokerPublisher, type PublisherMessage } from '../actors/broker/publisher.ts';
import { lasting, Patience } from '../actors/broker/trouble.ts';
import type { ActorRef } from '../actors/ref.ts';
import type { ActorSystem } from '../actors/system.ts';
import { RetryDelay } from '../transport/retry-delay.ts';
import type { Decider } from './policy/decider.ts';
import { RestartIntensity } from './policy/restart-intensity.ts';
import { Pool } from './pool.ts';
import { actor, supervisor, type ActorSpec, type ChildOptions, type SupervisorSpec } from './spec.ts';

export interface BrokerPorts {
  /** Path of the tree: the name of its owner, then its own. */
  readonly path: string;
  readonly connectorFor: (side: Side) => Connector;
  readonly retryMs: { readonly first: number; readonly most: number };
  readonly report: Report;
  /** Aborted when the transport closes: nothing is awaited any more then. */
  readonly closing: AbortSignal;
}

export interface BrokerTree {
  readonly spec: SupervisorSpec;
  readonly publisher: ActorRef<PublisherMessage>;
  /** Has a wish kept; the result takes it back. */
  keep(wish: Wish): { readonly consumer: ActorRef<ConsumerMessage>; readonly end: () => Promise<void> };
}

/** Short: the wait that matters is told, and kept by the actors themselves. */
const backoff = { firstMs: 2, capMs: 500, quietMs: 5_000 };
const unbounded = { restarts: Number.POSITIVE_INFINITY, withinMs: 0 };

const escalateLasting: Decider = (error) => (lasting(error) === true ? 'escalate' : 'restart');

export const brokerTree = (system: ActorSystem, ports: BrokerPorts): BrokerTree => {
  const { clock, logger, random } = system;
  const { closing, connectorFor, path, report, retryMs } = ports;
  const pool = new Pool();
  const publishing: ActorRef<ConnectionMessage> = system.ref(`${path}/publish/connection`);
  const publisher: ActorRef<PublisherMessage> = system.ref(`${path}/publish/publisher`);
  const consuming: ActorRef<ConnectionMessage> = system.ref(`${path}/consume/connection`);
  let wishes = 0;

  const patience = (): Patience => new Patience(clock, new RetryDelay(clock, random, retryMs));

  const leaf = (): ChildOptions => {
    const defects = new RestartIntensity({ restarts: 5, withinMs: 30_000 });
    const decide: Decider = (error) => {
      const known = lasting(error);
      if (known !== undefined) return known ? 'escalate' : 'restart';
      return defects.record(clock.monotonic()) === 'allowed' ? 'restart' : 'escalate';
    };
    return { intensity: unbounded, backoff, decide };
  };

  const common = { report, closing, logger };
  const spec = supervisor({
    name: path,
    strategy: 'one-for-one',
    children: [
      supervisor({
        name: 'publish',
        strategy: 'rest-for-one',
        decide: escalateLasting,
        children: [
          actor(brokerConnection({ ...common, side: 'publish', connector: connectorFor('publish'), patience: patience() }), leaf()),
          actor(brokerPublisher({ report, connection: publishing, follower: consuming, patience: patience() }), leaf()),
        ],
      }),
      supervisor({
        name: 'consume',
        strategy: 'rest-for-one',
        decide: escalateLasting,
        children: [
          actor(brokerConnection({ ...common, side: 'consume', connector: connectorFor('consume'), after: publisher, patience: patience() }), leaf()),
          { kind: 'pool', name: 'consumers', members: pool, decide: escalateLasting },
        ],
      }),
    ],
  });

  return {
    spec,
    publisher,
    keep(wish) {
      wishes += 1;
      const name = `consumer-${wishes}`;
      const member: ActorSpec = actor(brokerConsumer({ name, wish, report, connection: consuming, patience: patience() }), leaf());
      pool.add(member);
      return { consumer: system.ref(`${path}/consume/consumers/${name}`), end: () => pool.remove(member) };
    },
  };
};
