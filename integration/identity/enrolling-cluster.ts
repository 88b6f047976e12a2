// A server that makes identities, and nodes that enroll with it, as real processes: every node has what `jetpackd enroll` wrote and nothing else.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NodeView } from '../../actors/server/roster.ts';
import { apiClient } from '../../box/api-client.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import type { TestBroker } from '../broker/test-broker.ts';
import { endScriptsBelow, runJetpack, startProgram, type Ended, type Running } from '../cluster/processes.ts';

export const clusterName = 'c';

const patienceMs = 60_000;

export interface Ran extends Ended {
  readonly stdout: string;
  readonly stderr: string;
}

const ran = async (running: Running): Promise<Ran> => {
  const ended = await running.ended;
  return { ...ended, stdout: running.stdout(), stderr: running.stderr() };
};

/** What `jetpackd enroll` wrote. */
export interface WrittenConnection {
  readonly cluster: string;
  readonly node: string;
  readonly prefix: string;
  readonly broker: readonly string[];
  /** Of the server. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly ca?: string;
}

export class EnrollingCluster {
  readonly prefix = `test-${randomBytes(6).toString('hex')}`;
  readonly folder = mkdtempSync(path.join(tmpdir(), 'jetpack-identity-'));
  readonly #broker: TestBroker;
  readonly #running: Running[] = [];
  readonly #daemons = new Map<string, Running>();
  #url = '';

  constructor(broker: TestBroker) {
    this.#broker = broker;
  }

  get url(): string {
    return this.#url;
  }

  home(name: string): string {
    return path.join(this.folder, name);
  }

  /** `ca`: the file with whom the server believes, and what it hands on; then over TLS, else in clear. */
  async startServer({ ca }: { readonly ca?: string } = {}): Promise<Running> {
    const { managementUrl, password, user } = this.#broker;
    const management = `${managementUrl?.replace('://', `://${user}:${password}@`)}`;
    const reached: Readonly<Record<string, string>> = { JETPACK_AMQP_URL: this.#broker.url({ tls: ca !== undefined }), ...(ca === undefined ? {} : { JETPACK_AMQP_CA: ca }) };
    const env = { ...reached, CYCLE_SERVER_MANAGEMENT_URL: management, JETPACK_PREFIX: this.prefix };
    const server = this.#started(startProgram('cycle-server', ['--home', this.home('server'), '--listen', '127.0.0.1:0'], { env }));
    this.#url = (await server.serving).split(' ').at(-1) ?? '';
    return server;
  }

  /** `cycle-server VERB ...`, as the operator types it. */
  operate(verb: 'enroll' | 'revoke' | 'identities', ...argv: readonly string[]): Promise<Ran> {
    return ran(this.#started(startProgram('cycle-server', [verb, '--server', this.#url, ...argv])));
  }

  async mint(node: string, ...argv: readonly string[]): Promise<string> {
    const minted = await this.operate('enroll', '--cluster', clusterName, '--node', node, ...argv);
    if (minted.code !== 0) throw new Error(`no token: ${minted.stderr}`);
    return minted.stdout.trim();
  }

  /** `jetpackd enroll` on a node: with the token in a file of mode 0600. */
  async redeem(node: string, token: string): Promise<Ran> {
    const file = path.join(this.folder, `token-${randomBytes(4).toString('hex')}`);
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    return ran(this.#started(startProgram('jetpackd', ['enroll', '--home', this.home(node), '--server', this.#url, '--token-file', file])));
  }

  /** The server, and nodes that are enrolled and ready. */
  async begin(...nodes: readonly string[]): Promise<void> {
    await this.startServer();
    await Promise.all(
      nodes.map(async (node) => {
        await this.enroll(node);
        await this.startNode(node);
      }),
    );
    for (const node of nodes) await this.seen(node, ({ link, phase }) => link === 'online' && phase === 'ready');
  }

  async enroll(node: string): Promise<WrittenConnection> {
    const enrolled = await this.redeem(node, await this.mint(node));
    if (enrolled.code !== 0) throw new Error(`not enrolled: ${enrolled.stderr}`);
    return this.connection(node);
  }

  connection(node: string): WrittenConnection {
    return JSON.parse(readFileSync(this.connectionFile(node), 'utf8')) as WrittenConnection;
  }

  connectionFile(node: string): string {
    return path.join(this.home(node), 'config', 'connection.json');
  }

  /** One that may not come to serve. It is told its home, and who its machine is. */
  launchNode(node: string): Running {
    return this.#started(startProgram('jetpackd', ['--home', this.home(node), '--instance', node]));
  }

  async startNode(node: string): Promise<Running> {
    const running = this.launchNode(node);
    await running.serving;
    this.#daemons.set(node, running);
    return running;
  }

  daemonOf(node: string): Running {
    const daemon = this.#daemons.get(node);
    if (daemon === undefined) throw new Error(`${node} was not started`);
    return daemon;
  }

  jetpack(node: string, ...argv: readonly string[]): ReturnType<typeof runJetpack> {
    return runJetpack([...argv, '--home', this.home(node)]);
  }

  /** Resolves with the node's view once it fits. */
  seen(node: string, fits: (view: NodeView) => boolean): Promise<NodeView> {
    return waitFor(
      `the roster to show ${node} as wanted`,
      async () => {
        const found = (await apiClient(this.#url).nodes()).find((view) => view.node === node);
        if (found === undefined || !fits(found)) throw new Error(JSON.stringify(found));
        return found;
      },
      patienceMs,
    );
  }

  /** Messages of `jetpack log` in the store, by node, in order. */
  async logged(): Promise<readonly string[]> {
    const { events } = await apiClient(this.#url).eventsAfter(0);
    return events.filter(({ kind }) => kind === 'log').map(({ message, node }) => `${node}: ${message}`);
  }

  /** What the server's own log says. */
  serverLog(): string {
    return readFileSync(path.join(this.home('server'), 'logs', 'cycle-server.log'), 'utf8');
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
