// What suites of faults on real programs begin with: a place on a broker, or a broker of their own to stop, a server and nodes that
// each have a wire of their own to it, a load of reports, and the judgement at the end.
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { oldestAndNewest } from '../broker/at-hand.ts';
import { borrowAny, startAny } from '../broker/find.ts';
import { SharedBroker } from '../broker/shared/shared-broker.ts';
import { TcpProxy } from '../broker/tcp-proxy.ts';
import type { OwnBroker, TestBroker } from '../broker/test-broker.ts';
import { through } from '../broker/through.ts';
import { ProcessCluster } from '../cluster/process-cluster.ts';
import type { Running } from '../cluster/processes.ts';
import { logsOf } from '../cluster/stored-events.ts';
import { flawsIn } from '../cluster/told.ts';
import { judge } from '../crash/judge.ts';
import { Load, steady } from '../crash/load.ts';

/** A transport may pause for half a minute before it tries again, and a node for a minute before it sends again. */
export const settleMs = 120_000;

/** A program, its wire to the broker, and how it is started again. */
export interface Wired {
  readonly wire: TcpProxy;
  running: Running;
  again(): Promise<void>;
}

export class WiredCluster {
  readonly cluster: ProcessCluster;
  readonly server: Wired;
  readonly nodes: ReadonlyMap<string, Wired>;
  readonly load: Load;

  constructor(cluster: ProcessCluster, server: Wired, nodes: ReadonlyMap<string, Wired>) {
    this.cluster = cluster;
    this.server = server;
    this.nodes = nodes;
    this.load = new Load(Array.from(nodes.keys(), (node) => ({ node, home: cluster.home(node) })), steady);
  }

  get wires(): readonly TcpProxy[] {
    return [this.server, ...this.nodes.values()].map(({ wire }) => wire);
  }

  node(name: string): Wired {
    const found = this.nodes.get(name);
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  }

  /** Resolves when clients have heard of so many messages more. */
  async more(what: string, count = 60): Promise<void> {
    const before = this.load.logs.length;
    await waitFor(`${count} messages ${what}`, () => this.load.logs.length >= before + count, settleMs);
  }

  /** How many messages the store has. */
  async stored(): Promise<number> {
    return logsOf(await this.cluster.watched()).length;
  }

  /** Resolves when so many messages more are in the store. */
  async storesMore(what: string, count = 20): Promise<void> {
    const before = await this.stored();
    await waitFor(`${count} messages stored ${what}`, async () => (await this.stored()) >= before + count, settleMs);
  }

  /** Resolves when so many messages are accepted and not in the store. */
  async lags(what: string, count = 60): Promise<void> {
    const waiting = async (): Promise<number> => judge(this.load.logs, logsOf(await this.cluster.watched())).lost.length;
    await waitFor(`${count} messages that wait ${what}`, async () => (await waiting()) >= count, settleMs);
  }

  /** Ends the load and waits for all that was accepted; what is then lost, doubled, out of order or otherwise wrong in the store. */
  async flaws(): Promise<readonly string[]> {
    await this.load.end();
    const { logs } = this.load;
    await waitFor('everything accepted in the store', async () => judge(logs, logsOf(await this.cluster.watched())).lost.length === 0, settleMs);
    const { accepted, doubled, lost, misplaced, unknown } = judge(logs, await this.cluster.logged());
    const found = Object.entries({ lost, doubled, misplaced, unknown }).flatMap(([what, messages]) => messages.map((message) => `${what}: ${message}`));
    return [...found, ...flawsIn(await this.cluster.events()), ...(accepted === 0 ? ['nothing was accepted'] : [])];
  }
}

export interface ProcessWorld<Broker extends TestBroker = TestBroker> {
  broker(): Broker;
  /** Programs without a wire or a load, at this URL or the broker's. */
  plain(options?: { readonly url?: string; readonly env?: Readonly<Record<string, string>> }): ProcessCluster;
  /** A server and these nodes, serving and ready, under load. */
  begin(names: readonly string[]): Promise<WiredCluster>;
  /** To be done when the test has ended, the last first. */
  later(cleanUp: () => Promise<unknown>): void;
}

/** To be called once, at the top of a file: its hooks stand before those of the file. The broker is Debian's, else the first at hand. */
export const useProcesses = (): ProcessWorld<SharedBroker> => useProcessesOn(borrowAny);

/** The same on the newest broker at hand: whole programs are to be seen on more than one. */
export const useProcessesOnNewest = (): ProcessWorld<SharedBroker> =>
  useProcessesOn(async () => {
    const newest = (await oldestAndNewest()).at(-1);
    if (newest === undefined) throw new Error('no broker to test on');
    return SharedBroker.borrow(newest.name);
  });

/** Debian's, else the first at hand, for a file that stops its broker or puts it in alarm. */
export const useProcessesAndBroker = (): ProcessWorld<OwnBroker> => useProcessesOn(startAny);

const useProcessesOn = <Broker extends TestBroker>(start: () => Promise<Broker>): ProcessWorld<Broker> => {
  let started: Broker | undefined;
  const cleanUps: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    started = await start();
  }, 120_000);

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  }, 60_000);

  afterAll(() => started?.dispose());

  const broker = (): Broker => {
    if (started === undefined) throw new Error('this file has no broker yet');
    return started;
  };
  const later = (cleanUp: () => Promise<unknown>): void => void cleanUps.push(cleanUp);
  const plain: ProcessWorld<Broker>['plain'] = ({ env, url = broker().url() } = {}) => {
    const cluster = new ProcessCluster(url, env);
    later(() => cluster.dispose());
    return cluster;
  };
  const wire = async (): Promise<TcpProxy> => {
    const proxy = await TcpProxy.open({ host: '127.0.0.1', port: broker().port });
    later(() => proxy.dispose());
    return proxy;
  };
  const wired = async (proxy: TcpProxy, startProgram: () => Promise<Running>): Promise<Wired> => {
    const one: Wired = {
      wire: proxy,
      running: await startProgram(),
      async again() {
        one.running = await startProgram();
      },
    };
    return one;
  };
  return {
    broker,
    plain,
    later,
    async begin(names) {
      const serverWire = await wire();
      const cluster = plain({ url: through(broker().url(), serverWire) });
      const server = await wired(serverWire, () => cluster.startServer());
      const nodes = new Map<string, Wired>();
      const startNode = async (name: string): Promise<void> => {
        const own = await wire();
        const startAgain = async (): Promise<Running> => {
          const node = cluster.launchNode(name, { JETPACK_AMQP_URL: through(broker().url(), own) });
          await node.serving;
          return node;
        };
        nodes.set(name, await wired(own, startAgain));
      };
      await Promise.all(names.map(startNode));
      await cluster.inPhase('ready', ...names);
      const begun = new WiredCluster(cluster, server, nodes);
      later(() => begun.load.end());
      return begun;
    },
  };
};
