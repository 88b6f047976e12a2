// Worlds of the contract suite on a real broker: every transport has a wire of its own that can be cut.
import { randomBytes } from 'node:crypto';
import { connect, type ChannelModel } from 'amqplib';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom } from '../../effects/random.ts';
import { connectAlone } from '../../supervisors/testing/connect-alone.ts';
import type { World } from '../../transport/contract/world.ts';
import type { Transport } from '../../transport/port.ts';
import type { Topology } from '../../transport/topology.ts';
import { TcpProxy } from '../broker/tcp-proxy.ts';
import { through } from '../broker/through.ts';

/** Does something on a channel of its own, as an operator would. */
export const administer = async <T>(url: string, work: (model: ChannelModel) => Promise<T>): Promise<T> => {
  const model = await connect(url);
  model.on('error', () => undefined);
  try {
    return await work(model);
  } finally {
    await model.close();
  }
};

const deleteQueue = (url: string, name: string): Promise<void> =>
  administer(url, async (model) => {
    const channel = await model.createChannel();
    await channel.deleteQueue(name);
    await channel.close();
  });

/** Deletes from a broker what these topologies declare on it. */
export const removeTopologies = (url: string, topologies: readonly Topology[]): Promise<void> =>
  administer(url, async (model) => {
    const channel = await model.createChannel();
    for (const { queues, exchanges } of topologies) {
      for (const { name } of queues) await channel.deleteQueue(name);
      for (const { name } of exchanges) await channel.deleteExchange(name);
    }
    await channel.close();
  });

export const amqpWorld = (url: string): World => {
  const prefix = `contract-${randomBytes(6).toString('hex')}`;
  const { hostname, port } = new URL(url);
  const transports: Transport[] = [];
  const proxies: TcpProxy[] = [];
  const topologies: Topology[] = [];
  return {
    prefix,
    link: async (topology, bounds) => {
      const proxy = await TcpProxy.open({ host: hostname, port: Number(port) });
      const common = { name: prefix, topology, clock: systemClock, random: systemRandom };
      const transport = connectAlone({ ...common, urls: [through(url, proxy)], retryMs: { first: 20, most: 200 }, ...bounds });
      proxies.push(proxy);
      transports.push(transport);
      topologies.push(topology);
      return { transport, drop: () => proxy.cut() };
    },
    deleteQueue: (name) => deleteQueue(url, name),
    dispose: async () => {
      await Promise.all(transports.map((transport) => transport.close()));
      await removeTopologies(url, topologies);
      await Promise.all(proxies.map((proxy) => proxy.dispose()));
    },
  };
};
