// One side of the whole way, node or server: an actor system with the actors that a message passes, as the product's own trees
// have them, and a sink in the place of those that it does not.
import type { ActorDefinition } from '../../actors/definition.ts';
import type { Interceptor } from '../../actors/interceptor.ts';
import type { ActorRef } from '../../actors/ref.ts';
import { createActorSystem } from '../../actors/runtime.ts';
import type { ActorSystem } from '../../actors/system.ts';
import { systemClock } from '../../effects/clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { systemRandom } from '../../effects/random.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { actor, supervisor, type ChildSpec } from '../../supervisors/spec.ts';
import { startSupervisor } from '../../supervisors/supervisor.ts';
import { connectAmqp } from '../../supervisors/amqp-transport.ts';
import type { Transport } from '../../transport/port.ts';
import type { Topology } from '../../transport/topology.ts';
import type { BrokerAccess } from './fresh.ts';

const sink: ActorDefinition<undefined, unknown> = { name: 'sink', start: () => undefined, receive: () => undefined };

export const around = { clock: systemClock, random: systemRandom, logger: silentLogger, metrics: createMetrics(systemClock) };

export interface Side {
  readonly system: ActorSystem;
  /** Resolves when the tree has ended in good order. */
  stop(): Promise<void>;
}

/** Begins a tree of the children that `children` makes, given the sink's ref. `failed` is told when the tree gives up. */
export const startSide = (
  name: string,
  interceptors: readonly Interceptor[],
  children: (system: ActorSystem, sink: ActorRef<unknown>) => readonly ChildSpec[],
  failed: (error: unknown) => void,
): Side => {
  const system = createActorSystem({ ...around, name, interceptors });
  const tree = supervisor({ name, strategy: 'one-for-one', children: [actor(sink), ...children(system, system.ref(`${name}/sink`))] });
  const running = startSupervisor(system, tree, {
    onEvent: (event) => {
      if (event.type === 'failed') failed(event.error);
    },
    onEscalate: failed,
  });
  return {
    system,
    stop: async () => {
      await running.drain();
      system.stop();
    },
  };
};

export const openTransport = ({ url, ca }: BrokerAccess, name: string, topology: Topology, system: ActorSystem): Transport =>
  connectAmqp({ ...around, name, topology, urls: [url], ...(ca === undefined ? {} : { tls: { ca } }) }, system);
