// The RabbitMQ that a suite's turns share: begun when the first asks for it, with a listener for TLS, ended with the suite.
import { startBroker } from '../integration/broker/at-hand.ts';
import { makeCertificates, type TestCertificates } from '../integration/broker/certificates.ts';
import type { BrokerName, TestBroker } from '../integration/broker/test-broker.ts';
import type { BrokerAccess } from './transport/fresh.ts';

interface Running {
  readonly broker: TestBroker;
  readonly certificates: TestCertificates;
}

export class BenchBroker {
  readonly #name: BrokerName;
  #running: Promise<Running> | undefined;
  #title: string | undefined;

  constructor(name: BrokerName) {
    this.#name = name;
  }

  async plain(): Promise<BrokerAccess> {
    const { broker } = await this.#run();
    return { url: broker.url() };
  }

  async tls(): Promise<BrokerAccess> {
    const { broker, certificates } = await this.#run();
    return { url: broker.url({ tls: true }), ca: certificates.ca.cert.text };
  }

  /** What ran, as a name and its version. */
  get versions(): Readonly<Record<string, string>> {
    const [product, version] = this.#title?.split(' ') ?? [];
    return product === undefined || version === undefined ? {} : { [product]: version };
  }

  async close(): Promise<void> {
    if (this.#running === undefined) return;
    const { broker, certificates } = await this.#running;
    await broker.dispose();
    await certificates.dispose();
  }

  #run(): Promise<Running> {
    this.#running ??= this.#start();
    return this.#running;
  }

  async #start(): Promise<Running> {
    const certificates = await makeCertificates();
    try {
      const broker = await startBroker(this.#name, { tls: certificates });
      this.#title = broker.name;
      return { broker, certificates };
    } catch (error) {
      await certificates.dispose();
      throw error;
    }
  }
}
