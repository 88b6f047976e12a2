// What suites with real processes begin with: one RabbitMQ for all tests of a file, and clusters that end with their test.
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { startRabbit } from '../broker/find.ts';
import type { Rabbit } from '../broker/rabbit.ts';
import { ProcessCluster } from './process-cluster.ts';

export interface Clusters {
  /** The broker of this file, which its tests may stop and start. */
  rabbit(): Rabbit;
  /** A cluster on that broker, or on the one at `url`. `env`: for every program of it. */
  begin(options?: { readonly url?: string; readonly env?: Readonly<Record<string, string>> }): ProcessCluster;
}

/** To be called once, at the top of a file: its hooks stand before those of the file. */
export const useClusters = (): Clusters => {
  let rabbit: Rabbit | undefined;
  const begun: ProcessCluster[] = [];

  beforeAll(async () => {
    rabbit = await startRabbit();
  }, 120_000);

  afterEach(async () => {
    await Promise.all(begun.splice(0).map((cluster) => cluster.dispose()));
  });

  afterAll(() => rabbit?.dispose());

  const started = (): Rabbit => {
    if (rabbit === undefined) throw new Error('the broker of this file has not been started');
    return rabbit;
  };
  return {
    rabbit: started,
    begin({ env, url = started().url() } = {}) {
      const cluster = new ProcessCluster(url, env);
      begun.push(cluster);
      return cluster;
    },
  };
};
