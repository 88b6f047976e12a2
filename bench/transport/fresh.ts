// Names on the broker that one turn has for itself. A binding that an earlier turn left would cost every later publish, so
// what a turn declared is deleted after it, and looked for once more.
import { connect, type ChannelModel } from 'amqplib';
import { systemRandom } from '../../effects/random.ts';
import type { Topology } from '../../transport/topology.ts';

/** How a peer or the product reaches the broker. */
export interface BrokerAccess {
  readonly url: string;
  /** The certificate of the authority that signed the broker's, PEM; for `amqps` alone. */
  readonly ca?: string;
}

export const connectBare = ({ url, ca }: BrokerAccess): Promise<ChannelModel> => connect(url, { noDelay: true, ...(ca === undefined ? {} : { ca }) });

/** A prefix that no other turn has had. */
export const freshPrefix = (): string => `bench-${Buffer.from(systemRandom.bytes(6)).toString('hex')}`;

/** One topic exchange and one quorum queue that takes everything from it. */
export interface OneQueue {
  readonly topology: Topology;
  readonly exchange: string;
  readonly queue: string;
  readonly key: string;
}

const oneQueue = (): OneQueue => {
  const name = freshPrefix();
  const exchange = `${name}.exchange`;
  const queue = `${name}.queue`;
  const key = 'events.bench.node';
  const topology: Topology = {
    exchanges: [{ name: exchange, type: 'topic' }],
    queues: [{ name: queue, type: 'quorum' }],
    bindings: [{ exchange, queue, key }],
  };
  return { topology, exchange, queue, key };
};

const exists = async (connection: ChannelModel, look: 'checkQueue' | 'checkExchange', name: string): Promise<boolean> => {
  const channel = await connection.createChannel();
  // The broker ends the channel over a name that it does not know.
  channel.on('error', () => undefined);
  try {
    await channel[look](name);
    await channel.close();
    return true;
  } catch {
    return false;
  }
};

/** Deletes all that a topology names. Throws when something of it is left. */
export const deleteTopology = async (access: BrokerAccess, { exchanges, queues }: Topology): Promise<void> => {
  const connection = await connectBare(access);
  try {
    const channel = await connection.createChannel();
    for (const { name } of queues) await channel.deleteQueue(name);
    for (const { name } of exchanges) await channel.deleteExchange(name);
    for (const { name } of queues) if (await exists(connection, 'checkQueue', name)) throw new Error(`the queue ${name} was left on the broker`);
    for (const { name } of exchanges) if (await exists(connection, 'checkExchange', name)) throw new Error(`the exchange ${name} was left on the broker`);
  } finally {
    await connection.close();
  }
};

/** Runs a turn on an exchange and a queue of its own, and removes them. */
export const onFreshQueue = async <T>(access: BrokerAccess, run: (names: OneQueue) => Promise<T>): Promise<T> => {
  const names = oneQueue();
  const connection = await connectBare(access);
  const channel = await connection.createChannel();
  await channel.assertExchange(names.exchange, 'topic', { durable: true });
  await channel.assertQueue(names.queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue(names.queue, names.exchange, names.key);
  await connection.close();
  try {
    return await run(names);
  } finally {
    await deleteTopology(access, names.topology);
  }
};
