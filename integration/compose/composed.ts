// The repository's docker-compose.yml, run for real: in a copy of the repository, as a project of its own on ports of its own, with
// images that are present already. The trace viewer is left out, for no image of it can be built here: what takes traces is
// the test's own, on the address that the engine has in its own network.
//
// A watchdog outside of the test process's group takes everything away again, whether the test process asks it to or is gone:
// containers, volumes, network, the image that was built, and the copy.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../broker/free-ports.ts';
import { root } from '../docs/documents.ts';
import { RepositoryCopy, type TypedCommand } from '../docs/repository-copy.ts';

const run = promisify(execFile);

/** Which images take the place of those from a registry. The base may be a Debian of whatever kind that has a python3, and that of RabbitMQ is at hand. */
const images = { NODE_BASE_IMAGE: 'jetpack-test/rabbitmq:4', RABBITMQ_IMAGE: 'jetpack-test/rabbitmq:4' };

export const nodes = ['scheduler', 'execute-1', 'execute-2'] as const;
export const services = ['rabbitmq', 'cycle-server', ...nodes] as const;

/** `docker compose`, or what older systems have for it. */
const composeCommand = async (): Promise<string> => {
  for (const command of ['docker compose', 'docker-compose']) {
    const [program = '', ...args] = command.split(' ');
    try {
      await run(program, [...args, 'version']);
      return command;
    } catch {
      // Not on this machine.
    }
  }
  throw new Error('this needs docker compose: apt-get install docker-compose');
};

/** $0 is the copy's folder, $1 the image, the rest the compose command. What was killed may have been making something just then, hence twice. */
const takeAway = 'cat >/dev/null; cd "$0" || exit; image=$1; shift; for _ in 1 2; do "$@" down --volumes --remove-orphans; done; docker image rm --force "$image"; rm -rf "$0"';

/** Where containers reach this machine, and nobody else does. */
export const addressForContainers = async (): Promise<string> => {
  const { stdout } = await run('docker', ['network', 'inspect', 'bridge', '--format', '{{json .IPAM.Config}}']);
  // Docker's own answer. Some versions leave the gateway out, which is then the first address of the network.
  const [network] = JSON.parse(stdout) as ReadonlyArray<{ readonly Gateway?: string; readonly Subnet: string }>;
  const address = network?.Gateway ?? network?.Subnet.replace(/0\/\d+$/, '1');
  if (address === undefined) throw new Error("the engine's own network has no addresses");
  return address;
};

/** The packages that the programs need, and Node: what `npm ci --omit=dev` would bring, from the node_modules that is here. */
const packagesToPack = (): readonly string[] => {
  // npm wrote it.
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: boolean; optional?: boolean }> };
  const wanted = Object.entries(lock.packages).filter(([name, { dev, optional }]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(name) && dev !== true && optional !== true);
  return [...wanted.map(([name]) => name), 'node_modules/node/bin/node'];
};

export class Composed {
  readonly copy: RepositoryCopy;
  readonly image: string;
  /** The base URL of the server's API. */
  readonly apiUrl: string;
  readonly #compose: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #watchdog: ChildProcess;

  private constructor(copy: RepositoryCopy, compose: string, env: Readonly<Record<string, string>>, watchdog: ChildProcess) {
    this.copy = copy;
    this.image = env['JETPACK_IMAGE'] ?? '';
    this.apiUrl = `http://127.0.0.1:${env['API_PORT']}`;
    this.#compose = compose;
    this.#env = env;
    this.#watchdog = watchdog;
  }

  /** Nothing runs yet. `traces`: the endpoint that takes them. */
  static async prepare({ traces }: { readonly traces: string }): Promise<Composed> {
    const compose = await composeCommand();
    const [api = 0, amqp = 0, management = 0] = await freePorts(3);
    const copy = new RepositoryCopy();
    const name = `jetpack-compose-${process.pid}`;
    const env = {
      NODE_BASE_IMAGE: process.env['NODE_BASE_IMAGE'] ?? images.NODE_BASE_IMAGE,
      RABBITMQ_IMAGE: process.env['RABBITMQ_IMAGE'] ?? images.RABBITMQ_IMAGE,
      JETPACK_IMAGE: name,
      COMPOSE_PROJECT_NAME: name,
      API_PORT: `${api}`,
      AMQP_PORT: `${amqp}`,
      MANAGEMENT_PORT: `${management}`,
      TRACES_ENDPOINT: traces,
    };
    const watchdog = spawn('sh', ['-c', takeAway, copy.folder, name, ...compose.split(' ')], {
      detached: true,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await run('tar', ['-cf', path.join(copy.folder, 'node_modules.tar'), '-C', root, ...packagesToPack()]);
    return new Composed(copy, compose, env, watchdog);
  }

  /** A command as the README has it: but for the viewer, and for a terminal, which a test has none of. */
  type(command: string): TypedCommand {
    const here = command
      .replace(/ up -d$/, ` up -d ${services.join(' ')}`)
      .replace(/ exec /, ' exec -T ')
      .replace(/^docker compose/, this.#compose);
    return this.copy.type(here, this.#env);
  }

  async containerOf(service: string): Promise<string> {
    const filters = [`label=com.docker.compose.project=${this.image}`, `label=com.docker.compose.service=${service}`];
    const { stdout } = await run('docker', ['ps', '--all', '--quiet', ...filters.flatMap((filter) => ['--filter', filter])]);
    return stdout.trim();
  }

  /** What Docker knows of a service's container, as far as a test asks. */
  async inspect(service: string): Promise<ContainerDetails> {
    const { stdout } = await run('docker', ['inspect', await this.containerOf(service)]);
    // Docker's own answer.
    const [details] = JSON.parse(stdout) as readonly ContainerDetails[];
    if (details === undefined) throw new Error(`there is no container of ${service}`);
    return details;
  }

  /** What all containers wrote last. */
  async logs(): Promise<string> {
    return (await this.type('docker compose logs --no-color --tail 20').ended).output;
  }

  async dispose(): Promise<void> {
    await this.copy.endAll();
    this.#watchdog.stdin?.end();
    if (this.#watchdog.exitCode === null) await once(this.#watchdog, 'exit');
  }
}

export interface ContainerDetails {
  readonly State: { readonly Health?: { readonly Status: string } };
  readonly HostConfig: {
    readonly Privileged: boolean;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Init: boolean | null;
    readonly RestartPolicy: { readonly Name: string };
    readonly PortBindings: Readonly<Record<string, ReadonlyArray<{ readonly HostIp: string }>>>;
  };
}
