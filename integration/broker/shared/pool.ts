// The brokers that the suites of one jest run share. They belong to jest's own process; a worker asks for one at a socket.
//
//   none --first request for a kind--> starting --> serving ... --close--> gone, all of them
//
// A kind is started once and never again: one that did not start is the same failure to everybody who asks. Nothing is started that
// nobody asks for, and no suite can stop what others use.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startBroker } from '../at-hand.ts';
import { makeCertificates, type TestCertificates } from '../certificates.ts';
import { brokerNames, type BrokerName, type TestBroker } from '../test-broker.ts';
import type { PoolAnswer, SharedAddress } from './answer.ts';

type Start = (name: BrokerName, certificates: TestCertificates) => Promise<TestBroker>;

export class BrokerPool {
  readonly #folder: string;
  readonly #start: Start;
  readonly #certify: () => Promise<TestCertificates>;
  readonly #begun = new Map<BrokerName, Promise<TestBroker>>();
  readonly #server: Server;
  #certificates: Promise<TestCertificates> | undefined;
  #closed = false;

  private constructor(folder: string, start: Start, certify: () => Promise<TestCertificates>) {
    this.#folder = folder;
    this.#start = start;
    this.#certify = certify;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket)).unref();
  }

  /** Resolves when it can be asked, by whoever may read its folder. */
  static async open(start: Start = startShared, certify = makeCertificates): Promise<BrokerPool> {
    const pool = new BrokerPool(await mkdtemp(path.join(tmpdir(), 'jetpack-brokers-')), start, certify);
    await new Promise<void>((resolve, reject) => {
      pool.#server.once('error', reject).listen(pool.socket, resolve);
    });
    return pool;
  }

  get socket(): string {
    return path.join(this.#folder, 'socket');
  }

  /** Resolves when nothing of it is left, not even what was still starting. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#server.close();
    const ends = [...this.#begun.values()].map((begun) => begun.then((broker) => broker.dispose(), () => undefined));
    const certificates = this.#certificates?.then((made) => made.dispose(), () => undefined);
    const ended = await Promise.allSettled([...ends, certificates]);
    await rm(this.#folder, { recursive: true, force: true });
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => socket.destroy());
    let asked = '';
    for await (const chunk of socket.setEncoding('utf8')) asked += String(chunk);
    socket.end(JSON.stringify(await this.#answer(asked)));
  }

  async #answer(asked: string): Promise<PoolAnswer> {
    const name = brokerNames.find((known) => known === asked);
    if (name === undefined) return { problem: `'${asked}' is none of ${brokerNames.join(', ')}` };
    try {
      return { address: await this.#addressOf(name) };
    } catch (error) {
      return { problem: String(error) };
    }
  }

  async #addressOf(name: BrokerName): Promise<SharedAddress> {
    this.#certificates ??= this.#certify();
    const certificates = await this.#certificates;
    if (this.#closed) throw new Error('the run is over');
    let begun = this.#begun.get(name);
    if (begun === undefined) this.#begun.set(name, (begun = this.#start(name, certificates)));
    const { managementUrl, name: title, password, port, tlsPort, user, version } = await begun;
    return { name: title, version, user, password, port, tlsPort, managementUrl, certificates: certificates.folder };
  }
}

const startShared = (name: BrokerName, certificates: TestCertificates): Promise<TestBroker> => {
  // What the management API tells of queues and connections is then no older than a second.
  const config = ['collect_statistics_interval = 1000'];
  return startBroker(name, { management: true, tls: certificates, config });
};
