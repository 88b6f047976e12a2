// A RabbitMQ of one's own: its data, log, ports, node name, cookie and port mapper (epmd) belong to nobody else, so that
// several run side by side and nothing of them is left behind. It serves the loopback interface only.
//
//   stopped --start--> running --stop or kill--> stopped ...   --dispose--> gone, with its folder
//
// It is a child in a process group of its own. A watchdog in that group ends all of it, and removes its folder, when the
// test process is gone, however that went.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isOpen, untilServing } from './answers.ts';
import { configFiles } from './config.ts';
import { freePorts } from './free-ports.ts';
import type { Installed } from './local.ts';
import { brokerUrlOf, credentials, type BrokerOptions, type OwnBroker, type UrlOptions } from './test-broker.ts';

const startMs = 120_000;

/**
 * $0 is the server. The watchdog's input is a pipe from the test process, which ends with it (and, harmlessly, with the
 * server). What it starts then is in no group of ours, so that it can end the group and tidy up after it: if the test
 * process is gone, nobody else removes the folder, which is the server's HOME.
 */
const script = `
exec 3<&0
(
  cat <&3 >/dev/null
  exec setsid -f sh -c 'kill -KILL "-$0"; sleep 1; kill -0 "$1" || rm -rf "$HOME"' "$$" "$PPID" 3<&- >/dev/null 2>&1
) &
epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 3<&- &
exec "$0" 3<&- </dev/null
`;

const loopback = '-kernel inet_dist_use_interface {127,0,0,1}';

export class Rabbit implements OwnBroker {
  readonly name: string;
  readonly version: string;
  readonly user = credentials.user;
  readonly password = credentials.password;
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly managementUrl: string | undefined;
  /** Everything it listens on: clients, other Erlang nodes, the port mapper, then what was asked for besides. */
  readonly ports: readonly number[];
  /** Its folder. */
  readonly home: string;
  readonly #bin: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  private constructor({ bin, version }: Installed, home: string, ports: readonly number[], { management = false, tls }: BrokerOptions) {
    const [port = 0, dist = 0, epmd = 0, ...more] = ports;
    this.#bin = bin;
    this.version = version;
    this.name = `RabbitMQ ${version}`;
    this.home = home;
    this.ports = ports;
    this.port = port;
    this.tlsPort = tls === undefined ? undefined : more[0];
    this.managementUrl = management ? `http://127.0.0.1:${more.at(-1)}` : undefined;
    this.#env = {
      PATH: process.env['PATH'],
      HOME: home,
      LC_ALL: 'C.UTF-8',
      ERL_EPMD_PORT: `${epmd}`,
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_CRASH_DUMP: path.join(home, 'crash.dump'),
      RABBITMQ_NODENAME: `jetpack-${port}@localhost`,
      RABBITMQ_CONF_ENV_FILE: path.join(home, 'none'),
      RABBITMQ_CONFIG_FILE: path.join(home, 'rabbitmq.conf'),
      RABBITMQ_ADVANCED_CONFIG_FILE: path.join(home, 'advanced.config'),
      RABBITMQ_ENABLED_PLUGINS_FILE: path.join(home, 'plugins'),
      RABBITMQ_MNESIA_BASE: path.join(home, 'data'),
      RABBITMQ_LOG_BASE: path.join(home, 'log'),
      RABBITMQ_DIST_PORT: `${dist}`,
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: loopback,
      RABBITMQ_CTL_ERL_ARGS: loopback,
    };
  }

  static async start(installed: Installed, options: BrokerOptions = {}): Promise<Rabbit> {
    const home = await mkdtemp(path.join(tmpdir(), 'jetpack-rabbit-'));
    const { management = false, tls } = options;
    const ports = await freePorts(3 + (tls === undefined ? 0 : 1) + (management ? 1 : 0));
    const rabbit = new Rabbit(installed, home, ports, options);
    const place = {
      tcp: `127.0.0.1:${rabbit.port}`,
      tls: `127.0.0.1:${rabbit.tlsPort}`,
      management: ['management.tcp.ip = 127.0.0.1', `management.tcp.port = ${ports.at(-1)}`],
      certificates: home,
    };
    for (const { name, text } of configFiles(options, place)) await writeFile(path.join(home, name), text, { mode: 0o600 });
    await rabbit.start();
    return rabbit;
  }

  url(options?: UrlOptions): string {
    return brokerUrlOf(this, options);
  }

  async start(): Promise<void> {
    const log = openSync(path.join(this.home, 'console'), 'a', 0o600);
    const child = spawn('sh', ['-c', script, path.join(this.#bin, 'rabbitmq-server')], {
      env: this.#env,
      cwd: this.home,
      detached: true,
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    this.#child = child;
    const still = (): void => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('it has ended');
    };
    try {
      await untilServing(this.port, this.ports.slice(3), { still, withinMs: startMs });
    } catch (error) {
      await this.kill();
      throw new Error(`rabbitmq-server did not start: ${String(error)}\n${await readFile(path.join(this.home, 'console'), 'utf8')}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    await this.kill();
  }

  /** The whole group. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined) return;
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
    await exited;
    while (await isOpen(this.port)) await sleep(20);
  }

  async ctl(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(path.join(this.#bin, 'rabbitmqctl'), ['-q', ...args], { env: this.#env, cwd: this.home });
    return stdout;
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
