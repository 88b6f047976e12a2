// A server and nodes as real processes, with homes and names on the broker that nobody else uses.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NodeView } from '../../actors/server/roster.ts';
import type { StoredEvent } from '../../actors/server/ports.ts';
import { apiClient } from '../../box/api-client.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { ClusterTemplate } from '../../protocol/cluster-template.ts';
import type { Phase } from '../../protocol/events.ts';
import { endScriptsBelow, runJetpack, startProgram, type Running, type StartOptions } from './processes.ts';
import { logsOf, StoredEvents } from './stored-events.ts';
import { phasesOf } from './told.ts';

/** Of all the nodes that a test starts. */
export const clusterName = 'c';

type Start = (argv: readonly string[], options: StartOptions) => Running;

/** Two cores may have other work as well. */
const phaseMs = 60_000;

export class ProcessCluster {
  readonly prefix = `test-${randomBytes(6).toString('hex')}`;
  readonly folder = mkdtempSync(path.join(tmpdir(), 'jetpack-processes-'));
  /** For every program started from now on. */
  readonly #env: Readonly<Record<string, string>>;
  readonly #running: Running[] = [];
  readonly #stored = new StoredEvents(() => apiClient(this.#url));
  #url = '';

  constructor(brokerUrl: string, env: Readonly<Record<string, string>> = {}) {
    this.#env = { JETPACK_AMQP_URL: brokerUrl, JETPACK_PREFIX: this.prefix, ...env };
  }

  /** The API's address, of the server that was started last. */
  get url(): string {
    return this.#url;
  }

  home(name: string): string {
    return path.join(this.folder, name);
  }

  /** What the server is told of the cluster, from its next start on. */
  template(template: ClusterTemplate): void {
    const folder = path.join(this.home('server'), 'clusters');
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    writeFileSync(path.join(folder, `${clusterName}.json`), JSON.stringify(template), { mode: 0o640 });
  }

  /** Resolves when its API listens. From then on it is the one that this cluster asks. */
  async startServer(name = 'server'): Promise<Running> {
    const server = this.#started(startProgram('cycle-server', ['--home', this.home(name), '--listen', '127.0.0.1:0'], { env: this.#env }));
    this.#url = (await server.serving).split(' ').at(-1) ?? '';
    return server;
  }

  /** One that may not come to serve: the program, or what `start` has stand in for it. */
  launchNode(name: string, env: Readonly<Record<string, string>> = {}, start: Start = (...how) => startProgram('jetpackd', ...how)): Running {
    const argv = ['--home', this.home(name), '--cluster', clusterName, '--node', name, '--instance', name];
    return this.#started(start(argv, { env: { ...this.#env, ...env } }));
  }

  /** Resolves when its sockets are open. */
  async startNode(name: string): Promise<Running> {
    const node = this.launchNode(name);
    await node.serving;
    return node;
  }

  /** Runs the command line as a user of that node. */
  jetpack(node: string, argv: readonly string[], options: Parameters<typeof runJetpack>[1] = {}): ReturnType<typeof runJetpack> {
    return runJetpack(argv, { ...options, env: { JETPACK_HOME: this.home(node), ...options.env } });
  }

  nodes(): Promise<readonly NodeView[]> {
    return apiClient(this.#url).nodes();
  }

  /** One node as the roster has it; rejects when that does not know it. */
  async node(name: string): Promise<NodeView> {
    const found = (await this.nodes()).find(({ node }) => node === name);
    if (found === undefined) throw new Error(`the roster has no node ${name}`);
    return found;
  }

  /** Resolves when the roster shows these nodes in a phase, and the store has the events that tell of it: heartbeats are quicker. */
  inPhase(phase: Phase, ...names: readonly string[]): Promise<void> {
    return this.#entered(phase, 1, names);
  }

  /** The same for one that was in this phase before, and has entered it so often in all. */
  inPhaseAgain(phase: Phase, times: number, ...names: readonly string[]): Promise<void> {
    return this.#entered(phase, times, names);
  }

  async #entered(phase: Phase, times: number, names: readonly string[]): Promise<void> {
    await waitFor(
      `${names.join(', ')} to be ${phase}`,
      async () => {
        const nodes = await this.nodes();
        const events = await this.watched();
        const standing = names.map((name) => ({ now: nodes.find(({ node }) => node === name)?.phase, told: phasesOf(events, name) }));
        if (standing.every(({ now, told }) => now === phase && told.at(-1) === phase && told.filter((one) => one === phase).length >= times)) return true;
        throw new Error(JSON.stringify(standing));
      },
      phaseMs,
    );
  }

  /** Everything in the store, in order. */
  events(): Promise<readonly StoredEvent[]> {
    return this.#stored.all();
  }

  /** The same for whoever waits and looks often. */
  watched(): Promise<readonly StoredEvent[]> {
    return this.#stored.watched();
  }

  /** Messages of `jetpack log` in the store, in order. */
  async logged(): Promise<readonly string[]> {
    return logsOf(await this.events());
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.kill()));
    endScriptsBelow(this.folder);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #started(running: Running): Running {
    this.#running.push(running);
    return running;
  }
}
