// A RabbitMQ of one's own in a container, from an image that is present already. Its data live in the container, which
// keeps its name, its host name (RabbitMQ calls its data after that) and its ports over a stop and a kill.
//
// A watchdog outside of the test process's group removes the container when the test process is gone, however that went:
// Testcontainers' own reaper would be one more image.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { ContainerRuntimeClient, StartedTestContainer } from 'testcontainers';
import { untilServing } from './answers.ts';
import { configFiles } from './config.ts';
import { freePorts } from './free-ports.ts';
import { brokerUrlOf, credentials, type BrokerOptions, type OwnBroker, type UrlOptions } from './test-broker.ts';

const startMs = 120_000;

/** Inside of the container. */
const inner = { tcp: 5672, tls: 5671, management: 15672, certificates: '/etc/rabbitmq' };

const paths = { conf: '/etc/rabbitmq/conf.d/90-test.conf', plugins: '/etc/rabbitmq/enabled_plugins', advanced: '/etc/rabbitmq/advanced.config' };

/** $0 is the container's name. Its input ends with the test process. The container may be in the making just then, hence more than once. */
const watch = 'cat >/dev/null; for _ in 1 2 3 4 5; do docker rm --force --volumes "$0"; sleep 1; done';

/** Erlang makes a table of as many entries as files may be open, unless told otherwise, and an engine may allow a billion. */
const environment = { ERL_MAX_PORTS: '65536' };

interface Image {
  readonly image: string;
  readonly version: string;
}

interface Ports {
  readonly tcp: number;
  readonly tls: number | undefined;
  readonly management: number | undefined;
}

const toPublish = ({ tcp, tls, management }: Ports): readonly { readonly container: number; readonly host: number }[] =>
  [
    { container: inner.tcp, host: tcp },
    { container: inner.tls, host: tls },
    { container: inner.management, host: management },
  ].flatMap(({ container, host }) => (host === undefined ? [] : [{ container, host }]));

export class ContainerBroker implements OwnBroker {
  readonly name: string;
  readonly version: string;
  readonly user = credentials.user;
  readonly password = credentials.password;
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly managementUrl: string | undefined;
  readonly #ports: Ports;
  readonly #client: ContainerRuntimeClient;
  readonly #container: StartedTestContainer;
  readonly #watchdog: ChildProcess;

  private constructor(version: string, ports: Ports, client: ContainerRuntimeClient, container: StartedTestContainer, watchdog: ChildProcess) {
    this.version = version;
    this.name = `RabbitMQ ${version}`;
    this.port = ports.tcp;
    this.tlsPort = ports.tls;
    this.managementUrl = ports.management === undefined ? undefined : `http://127.0.0.1:${ports.management}`;
    this.#ports = ports;
    this.#client = client;
    this.#container = container;
    this.#watchdog = watchdog;
  }

  static async start({ image, version }: Image, options: BrokerOptions = {}): Promise<ContainerBroker> {
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    const { GenericContainer, Wait, getContainerRuntimeClient } = await import('testcontainers');
    const [tcp = 0, tls = 0, management = 0] = await freePorts(3);
    const ports = { tcp, tls: options.tls === undefined ? undefined : tls, management: options.management === true ? management : undefined };
    const place = { tcp: `${inner.tcp}`, tls: `${inner.tls}`, management: [`management.tcp.port = ${inner.management}`], certificates: inner.certificates };
    const contents = configFiles(options, place).map(({ name, role, text }) => ({
      content: text,
      target: role === 'certificate' ? `${inner.certificates}/${name}` : paths[role],
      mode: 0o644,
    }));

    /** Testcontainers would publish the ports on every interface. */
    class Loopback extends GenericContainer {
      protected override beforeContainerCreated(): Promise<void> {
        this.hostConfig.PortBindings = Object.fromEntries(
          toPublish(ports).map(({ container, host }) => [`${container}/tcp`, [{ HostIp: '127.0.0.1', HostPort: `${host}` }]]),
        );
        return Promise.resolve();
      }
    }

    const name = `jetpack-test-${process.pid}-${randomBytes(4).toString('hex')}`;
    const watchdog = spawn('sh', ['-c', watch, name], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    const begun = new Loopback(image)
      .withName(name)
      .withHostname('broker')
      .withEnvironment(environment)
      .withExposedPorts(...toPublish(ports))
      .withCopyContentToContainer(contents)
      .withWaitStrategy(Wait.forLogMessage(/Server startup complete/))
      .withStartupTimeout(startMs);
    try {
      const broker = new ContainerBroker(version, ports, await getContainerRuntimeClient(), await begun.start(), watchdog);
      await broker.#serves();
      return broker;
    } catch (error) {
      // As if the test process had ended.
      watchdog.stdin?.end();
      throw error;
    }
  }

  url(options?: UrlOptions): string {
    return brokerUrlOf(this, options);
  }

  async start(): Promise<void> {
    await this.#client.container.start(this.#handle());
    await this.#serves();
  }

  async stop(): Promise<void> {
    await this.#client.container.stop(this.#handle(), { timeout: 60_000 });
  }

  async kill(): Promise<void> {
    const container = this.#handle();
    if ((await container.inspect()).State.Running) {
      await container.kill({ signal: 'SIGKILL' });
      await container.wait();
    }
  }

  async ctl(...args: readonly string[]): Promise<string> {
    const { exitCode, stderr, stdout } = await this.#container.exec(['rabbitmqctl', '-q', ...args]);
    if (exitCode !== 0) throw new Error(`rabbitmqctl ${args.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  }

  async dispose(): Promise<void> {
    if (this.#watchdog.killed) return;
    await this.#handle().remove({ force: true, v: true });
    this.#watchdog.kill('SIGKILL');
  }

  #handle() {
    return this.#client.container.getById(this.#container.getId());
  }

  async #serves(): Promise<void> {
    const still = async (): Promise<void> => {
      const { State } = await this.#handle().inspect();
      if (!State.Running) throw new Error(`the container of ${this.name} has ended with ${State.ExitCode}`);
    };
    const others = [this.#ports.tls, this.#ports.management].filter((port) => port !== undefined);
    await untilServing(this.port, others, { still, withinMs: startMs });
  }
}
