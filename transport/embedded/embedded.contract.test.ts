import { systemClock } from '../../effects/clock.ts';
import { describeTransportContract } from '../contract/contract.ts';
import type { World } from '../contract/world.ts';
import type { Transport } from '../port.ts';
import { createEmbeddedBroker } from './broker.ts';

const world = (): Promise<World> => {
  const broker = createEmbeddedBroker({ clock: systemClock });
  const opened: Transport[] = [];
  return Promise.resolve({
    prefix: 'contract',
    link: (topology, bounds) => {
      const transport = broker.connect({ name: 'contract', topology, ...bounds });
      opened.push(transport);
      return Promise.resolve({ transport, drop: () => transport.drop() });
    },
    deleteQueue: (name) => Promise.resolve(broker.deleteQueue(name)),
    dispose: async () => {
      await Promise.all(opened.map((transport) => transport.close()));
    },
  });
};

describeTransportContract('the embedded broker', { world });
