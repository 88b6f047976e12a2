// What suites of faults on a transport begin with: a place on a broker, or a broker of one's own, and transports, wires and names
// that end with their test.
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { systemClock } from '../../effects/clock.ts';
import { systemRandom } from '../../effects/random.ts';
import { connectAlone } from '../../supervisors/testing/connect-alone.ts';
import type { AmqpOptions } from '../../transport/amqp/options.ts';
import { topicTopology, until } from '../../transport/contract/world.ts';
import type { ConnectionState, Transport } from '../../transport/port.ts';
import type { Queue, Topology } from '../../transport/topology.ts';
import { startBroker } from '../broker/at-hand.ts';
import { SharedBroker } from '../broker/shared/shared-broker.ts';
import { TcpProxy } from '../broker/tcp-proxy.ts';
import type { BrokerKind, BrokerOptions, OwnBroker, TestBroker } from '../broker/test-broker.ts';

export interface Fresh {
  /** Of the names of an exchange `x` and of the queues. */
  readonly prefix: string;
  readonly topology: Topology;
}

/** Names that nobody else uses; a quorum queue `q` unless others are given, bound for everything. */
export const fresh = (queues: readonly Queue[] = [{ name: 'q', type: 'quorum' }]): Fresh => {
  const prefix = `faults-${randomBytes(6).toString('hex')}`;
  return { prefix, topology: topicTopology(prefix, queues) };
};

export const reaches = (transport: Transport, state: ConnectionState): Promise<void> => until(`it is ${state}`, () => transport.state === state);

export const typesOf = (statuses: readonly { readonly type: string }[]): readonly string[] => statuses.map(({ type }) => type);

export interface BrokerWorld<Broker extends TestBroker = TestBroker> {
  broker(): Broker;
  /** To the broker itself unless `urls` says otherwise; tries again quickly. */
  open(topology: Topology, options?: Partial<AmqpOptions>): Transport;
  /** A wire to the broker's AMQP port, or to the one for TLS; at any port of its own unless one is given. */
  wire(options?: { readonly at?: number; readonly tls?: boolean }): Promise<TcpProxy>;
  /** To be done when the test has ended, the last first. */
  later(cleanUp: () => Promise<unknown>): void;
}

/** To be called once in the `describe` of a broker: its hooks stand before those of the tests. */
export const useBroker = (kind: BrokerKind): BrokerWorld<SharedBroker> => useBrokerFrom(() => SharedBroker.borrow(kind.name));

/** The same for a file that stops its broker, puts it in alarm, or needs it with settings of its own. */
export const useOwnBroker = (kind: BrokerKind, options: () => Promise<BrokerOptions> = () => Promise.resolve({})): BrokerWorld<OwnBroker> =>
  useBrokerFrom(async () => startBroker(kind, await options()));

const useBrokerFrom = <Broker extends TestBroker>(start: () => Promise<Broker>): BrokerWorld<Broker> => {
  let started: Broker | undefined;
  const transports: Transport[] = [];
  const cleanUps: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    started = await start();
  }, 120_000);

  afterEach(async () => {
    await Promise.all(transports.splice(0).map((transport) => transport.close()));
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  afterAll(() => started?.dispose());

  const broker = (): Broker => {
    if (started === undefined) throw new Error('the broker has not been started');
    return started;
  };
  const later = (cleanUp: () => Promise<unknown>): void => void cleanUps.push(cleanUp);
  return {
    broker,
    later,
    open(topology, more = {}) {
      const common = { name: 'faults', topology, clock: systemClock, random: systemRandom, retryMs: { first: 50, most: 500 } };
      const transport = connectAlone({ ...common, urls: [broker().url()], ...more });
      transports.push(transport);
      return transport;
    },
    async wire({ at, tls = false } = {}) {
      const port = tls ? broker().tlsPort : broker().port;
      if (port === undefined) throw new Error('the broker has no such port');
      const proxy = await TcpProxy.open({ host: '127.0.0.1', port }, at);
      later(() => proxy.dispose());
      return proxy;
    },
  };
};
