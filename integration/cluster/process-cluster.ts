// A server and nodes as real processes, with homes and names on the broker that nobody else uses.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NodeView } from '../../actors/server/roster.ts';
import type { StoredEvent } from '../../actors/server/ports.ts';
import { apiClient } from '../../box/api-client.ts';
import { runJetpack, startProgram, type Running } from './processes.ts';

export class ProcessCluster {
  readonly prefix = `test-${randomBytes(6).toString('hex')}`;
  readonly folder = mkdtempSync(path.join(tmpdir(), 'jetpack-processes-'));
  /** For every program started from now on. */
  readonly #env: Readonly<Record<string, string>>;
  readonly #running: Running[] = [];
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

  /** Resolves when its API listens. */
  async startServer(): Promise<Running> {
    const server = this.#started(startProgram('cycle-server', ['--home', this.home('server'), '--listen', '127.0.0.1:0'], { env: this.#env }));
    this.#url = (await server.serving).split(' ').at(-1) ?? '';
    return server;
  }

  /** One that may not come to serve. */
  launchNode(name: string, env: Readonly<Record<string, string>> = {}): Running {
    const argv = ['--home', this.home(name), '--cluster', 'c', '--node', name, '--instance', name];
    return this.#started(startProgram('jetpackd', argv, { env: { ...this.#env, ...env } }));
  }

  /** Resolves when its sockets are open. */
  async startNode(name: string): Promise<Running> {
    const node = this.launchNode(name);
    await node.serving;
    return node;
  }

  /** Runs the command line as a user of that node. */
  jetpack(node: string, argv: readonly string[], options: Parameters<typeof runJetpack>[1] = {}): ReturnType<typeof runJetpack> {
    return runJetpack([...argv, '--home', this.home(node)], options);
  }

  nodes(): Promise<readonly NodeView[]> {
    return apiClient(this.#url).nodes();
  }

  /** Everything in the store, in order. */
  async events(): Promise<readonly StoredEvent[]> {
    const api = apiClient(this.#url);
    const all: StoredEvent[] = [];
    for (let position = 0; ; ) {
      const { events, next } = await api.eventsAfter(position);
      if (events.length === 0) return all;
      all.push(...events);
      position = next;
    }
  }

  /** Messages of `jetpack log` in the store, in order. */
  async logged(): Promise<readonly string[]> {
    return (await this.events()).filter(({ kind }) => kind === 'log').map(({ message }) => message);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.kill()));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #started(running: Running): Running {
    this.#running.push(running);
    return running;
  }
}
