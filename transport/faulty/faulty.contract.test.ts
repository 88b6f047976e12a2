// With its faults off, the faulty transport is the transport inside.
import { systemClock } from '../../effects/clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { describeTransportContract } from '../contract/contract.ts';
import type { World } from '../contract/world.ts';
import { createEmbeddedBroker } from '../embedded/broker.ts';
import type { Transport } from '../port.ts';
import { FaultyTransport } from './transport.ts';

const world = (): Promise<World> => {
  const broker = createEmbeddedBroker({ clock: systemClock });
  const opened: Transport[] = [];
  return Promise.resolve({
    prefix: 'contract',
    link: (topology, bounds) => {
      const inner = broker.connect({ name: 'contract', topology, ...bounds });
      const transport = new FaultyTransport(inner, { clock: systemClock, random: seededRandom(1), faults: {}, ...bounds });
      opened.push(transport);
      return Promise.resolve({ transport, drop: () => inner.drop() });
    },
    deleteQueue: (name) => Promise.resolve(broker.deleteQueue(name)),
    dispose: async () => {
      await Promise.all(opened.map((transport) => transport.close()));
    },
  });
};

describeTransportContract('the faulty transport without faults', { world });
