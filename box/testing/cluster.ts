// A server and its nodes in this process, with homes of their own: what the box runs, with everything open to a test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Interceptor } from '../../actors/interceptor.ts';
import type { StoredEvent } from '../../actors/server/ports.ts';
import type { ActorSystem } from '../../actors/system.ts';
import { callDaemon } from '../../cli/call-daemon.ts';
import { silentLogger } from '../../effects/logger.ts';
import { systemBootClock } from '../../effects/boot-clock.ts';
import { backgroundClock, systemClock, type Clock } from '../../effects/clock.ts';
import { systemRandom, uuid7 } from '../../effects/random.ts';
import { startNode, type RunningNode } from '../../node/daemon.ts';
import { homePaths } from '../../node/home/paths.ts';
import { findSocketPaths } from '../../node/home/socket-paths.ts';
import { nodeTimes } from '../../node/times.ts';
import { binFolder } from '../../node/version.ts';
import { serves } from '../../node/sockets/verbs.ts';
import type { LocalReply, LocalRequest } from '../../protocol/local.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { startServer, type RunningServer } from '../../server/daemon.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { createEmbeddedBroker, type EmbeddedBroker } from '../../transport/embedded/broker.ts';
import type { Transport } from '../../transport/port.ts';
import type { Topology } from '../../transport/topology.ts';
import { apiClient } from '../api-client.ts';

export type OpenTransport = (name: string, topology: Topology, system: ActorSystem) => Transport;

export interface ClusterOptions {
  readonly nodes: number;
  /** In front of every name on the broker, default `test`. */
  readonly prefix?: string;
  /** Default: the embedded broker, one for the whole cluster. */
  readonly open?: OpenTransport;
  /** Around every handler of every actor. */
  readonly interceptors?: readonly Interceptor[];
  /** Default: the machine's. */
  readonly clock?: Clock;
}

const random = systemRandom;
const times = { ...nodeTimes, heartbeatMs: 200, registerAgainMs: 50 };

export class TestCluster {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'jetpack-cluster-'));
  readonly #options: ClusterOptions;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #broker: EmbeddedBroker;
  readonly nodes: RunningNode[] = [];
  server: RunningServer | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? 'test';
    this.#clock = options.clock ?? systemClock;
    this.#broker = createEmbeddedBroker({ clock: backgroundClock });
  }

  static async start(options: ClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(options);
    await cluster.startServer();
    for (let index = 0; index < options.nodes; index += 1) await cluster.startNode(index);
    return cluster;
  }

  home(index: number): string {
    return path.join(this.folder, `node-${index}`);
  }

  async startServer(): Promise<void> {
    const listen = { host: '127.0.0.1', port: 0 };
    const started = startServer({ home: path.join(this.folder, 'server'), name: 'server', prefix: this.#prefix, listen }, this.#around('server'));
    if (!started.ok) throw new Error(started.error.message);
    this.server = started.value;
    await started.value.listening;
  }

  async startNode(index: number): Promise<void> {
    const node = `node-${index}`;
    const facts = { instanceId: `instance-${index}`, hostname: node, version: '1.0.0', pid: 1 };
    const started = startNode({ home: this.home(index), address: { cluster: 'c', node }, prefix: this.#prefix, binFolder, times, facts }, { ...this.#around(node), env: process.env, bootClock: systemBootClock });
    if (!started.ok) throw new Error(started.error.message);
    this.nodes[index] = started.value;
    await started.value.serving;
  }

  /** One request over the node's real socket. Undefined when nobody answered, so that nothing is known of it. */
  async request(index: number, request: LocalRequest): Promise<LocalReply | undefined> {
    const paths = findSocketPaths(homePaths(this.home(index)));
    if (!paths.ok) return undefined;
    const outcome = await callDaemon(paths.value[serves('cluster', request.verb) ? 'cluster' : 'admin'], { request, withinMs: 5_000 }, systemClock);
    return outcome.type === 'answered' ? outcome.reply : undefined;
  }

  log(index: number, message: string, trace?: TraceContext): Promise<LocalReply | undefined> {
    const request = { verb: 'log', id: this.mintId(), at: systemClock.now(), level: 'info', priority: 'medium', message } as const;
    return this.request(index, trace === undefined ? request : { ...request, trace });
  }

  mintId(): string {
    return uuid7(systemClock.now(), random);
  }

  async events(): Promise<readonly StoredEvent[]> {
    const client = apiClient((await this.server?.listening) ?? '');
    const all: StoredEvent[] = [];
    for (let position = 0; ; ) {
      const { events, next } = await client.eventsAfter(position);
      if (events.length === 0) return all;
      all.push(...events);
      position = next;
    }
  }

  /** Messages of `jetpack log` in the store, in order, of one node or of all. */
  async messages(index?: number): Promise<readonly string[]> {
    const events = await this.events();
    return events.filter(({ kind, node }) => kind === 'log' && (index === undefined || node === `node-${index}`)).map(({ message }) => message);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #around(name: string) {
    const clock = this.#clock;
    const open: OpenTransport = this.#options.open ?? ((as, topology) => this.#broker.connect({ name: as, topology }));
    return {
      openTransport: (topology: Topology, system: ActorSystem) => open(name, topology, system),
      interceptors: this.#options.interceptors ?? [],
      metrics: createMetrics(clock),
      clock,
      random,
      logger: silentLogger,
    };
  }
}
