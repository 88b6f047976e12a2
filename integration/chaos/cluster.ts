// What faults strike: a server and nodes as real processes, each behind a wire of its own to one broker.
//
// A program is up or down, as the faults have it; one that ends in any other way than by a fault is noted as a flaw, and so is one
// that does not end with 0 when it is asked to end.
import { TcpProxy } from '../broker/tcp-proxy.ts';
import type { OwnBroker } from '../broker/test-broker.ts';
import { through } from '../broker/through.ts';
import { ProcessCluster } from '../cluster/process-cluster.ts';
import { startScript, type Running } from '../cluster/processes.ts';
import { nodes, programs, server, type ProgramName } from './plan.ts';

/** How a node is started: the program as it is, or a script that stands in for it. */
export type NodeScript = string | undefined;

class Program {
  readonly name: ProgramName;
  readonly #start: () => Promise<Running>;
  readonly #flaw: (flaw: string) => void;
  #running: Running | undefined;

  constructor(name: ProgramName, start: () => Promise<Running>, flaw: (flaw: string) => void) {
    this.name = name;
    this.#start = start;
    this.#flaw = flaw;
  }

  async start(): Promise<void> {
    const running = await this.#start();
    this.#running = running;
    void running.ended.then(({ code, signal }) => {
      if (this.#running === running) this.#flaw(`${this.name} ended by itself (code ${code}, signal ${signal}): ${running.stderr().slice(-2_000)}`);
    });
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.kill();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const { code, signal } = await running.stop();
    if (code !== 0) this.#flaw(`${this.name} ended with code ${code}, signal ${signal} when it was asked to end`);
  }

  /** Neither answers nor ends until it is thawed. */
  freeze(): void {
    if (this.#running !== undefined) process.kill(this.#running.pid, 'SIGSTOP');
  }

  thaw(): void {
    if (this.#running !== undefined) process.kill(this.#running.pid, 'SIGCONT');
  }
}

export class ChaosCluster {
  readonly broker: OwnBroker;
  readonly cluster: ProcessCluster;
  /** What no fault explains. */
  readonly flaws: string[] = [];
  readonly #wires: ReadonlyMap<ProgramName, TcpProxy>;
  readonly #programs: ReadonlyMap<ProgramName, Program>;

  private constructor(broker: OwnBroker, wires: ReadonlyMap<ProgramName, TcpProxy>, script: NodeScript) {
    this.broker = broker;
    this.#wires = wires;
    const urlOf = (name: ProgramName): string => through(broker.url(), this.wire(name));
    this.cluster = new ProcessCluster(urlOf(server));
    const startNode = async (name: ProgramName): Promise<Running> => {
      const env = { JETPACK_AMQP_URL: urlOf(name) };
      const node = script === undefined ? this.cluster.launchNode(name, env) : this.cluster.launchNode(name, env, (argv, options) => startScript(script, argv, options));
      await node.serving;
      return node;
    };
    const start = (name: ProgramName) => (): Promise<Running> => (name === server ? this.cluster.startServer() : startNode(name));
    this.#programs = new Map(programs.map((name) => [name, new Program(name, start(name), (flaw) => void this.flaws.push(flaw))]));
  }

  /** Everything up, and every node ready. */
  static async begin(broker: OwnBroker, script: NodeScript): Promise<ChaosCluster> {
    const wires = await Promise.all(programs.map(async (name) => [name, await TcpProxy.open({ host: '127.0.0.1', port: broker.port })] as const));
    const begun = new ChaosCluster(broker, new Map(wires), script);
    try {
      await Promise.all(programs.map((name) => begun.program(name).start()));
      await begun.cluster.inPhase('ready', ...nodes);
    } catch (error) {
      await begun.dispose();
      throw error;
    }
    return begun;
  }

  wire(name: ProgramName): TcpProxy {
    const wire = this.#wires.get(name);
    if (wire === undefined) throw new Error(`there is no wire of ${name}`);
    return wire;
  }

  program(name: ProgramName): Program {
    const found = this.#programs.get(name);
    if (found === undefined) throw new Error(`there is no program ${name}`);
    return found;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#programs.values()].map((one) => one.kill()));
    await Promise.all([...this.#wires.values()].map((wire) => wire.dispose()));
    await this.cluster.dispose();
  }
}
