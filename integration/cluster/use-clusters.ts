// What suites with real processes begin with: a place on a broker for all tests of a file, and clusters that end with their test.
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { borrowAny } from '../broker/find.ts';
import type { SharedBroker } from '../broker/shared/shared-broker.ts';
import { TcpProxy } from '../broker/tcp-proxy.ts';
import { through } from '../broker/through.ts';
import { ProcessCluster } from './process-cluster.ts';

export interface BegunBy {
  /** Of the broker; that of the file otherwise. */
  readonly url?: string;
  /** For every program of it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Programs that reach the broker by one wire, so that it can be away for them alone. */
export interface Wired {
  readonly cluster: ProcessCluster;
  /** Every connection breaks, and nobody listens any more. */
  readonly brokerLeaves: () => void;
  readonly brokerReturns: () => Promise<void>;
}

export interface Clusters {
  /** Others use it at the same time. */
  broker(): SharedBroker;
  begin(options?: BegunBy): ProcessCluster;
  beginWired(options?: Pick<BegunBy, 'env'>): Promise<Wired>;
}

/** To be called once, at the top of a file: its hooks stand before those of the file. */
export const useClusters = (): Clusters => {
  let borrowed: SharedBroker | undefined;
  const begun: ProcessCluster[] = [];
  const wires: TcpProxy[] = [];

  beforeAll(async () => {
    borrowed = await borrowAny();
  }, 120_000);

  afterEach(async () => {
    await Promise.all(begun.splice(0).map((cluster) => cluster.dispose()));
    await Promise.all(wires.splice(0).map((wire) => wire.dispose()));
  });

  afterAll(() => borrowed?.dispose());

  const broker = (): SharedBroker => {
    if (borrowed === undefined) throw new Error('this file has no broker yet');
    return borrowed;
  };
  const begin: Clusters['begin'] = ({ env, url = broker().url() } = {}) => {
    const cluster = new ProcessCluster(url, env);
    begun.push(cluster);
    return cluster;
  };
  return {
    broker,
    begin,
    async beginWired(options) {
      const wire = await TcpProxy.open({ host: '127.0.0.1', port: broker().port });
      wires.push(wire);
      const cluster = begin({ ...options, url: through(broker().url(), wire) });
      const brokerLeaves = (): void => {
        wire.refuse();
        wire.cut();
      };
      return { cluster, brokerLeaves, brokerReturns: () => wire.admit() };
    },
  };
};
