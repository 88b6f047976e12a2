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
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from './free-ports.ts';

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

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (up: boolean) => (): void => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', settle(true)).once('error', settle(false));
  });

export class Rabbit {
  readonly port: number;
  /** Everything it listens on: clients, other Erlang nodes, the port mapper. */
  readonly ports: readonly number[];
  /** Its folder. */
  readonly home: string;
  readonly user = 'jetpack';
  readonly password = 'not-so-secret';
  readonly #bin: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  private constructor(bin: string, home: string, ports: readonly number[]) {
    const [port = 0, dist = 0, epmd = 0] = ports;
    this.#bin = bin;
    this.home = home;
    this.ports = ports;
    this.port = port;
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
      RABBITMQ_ENABLED_PLUGINS_FILE: path.join(home, 'plugins'),
      RABBITMQ_MNESIA_BASE: path.join(home, 'data'),
      RABBITMQ_LOG_BASE: path.join(home, 'log'),
      RABBITMQ_DIST_PORT: `${dist}`,
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: loopback,
      RABBITMQ_CTL_ERL_ARGS: loopback,
    };
  }

  /** `bin` holds rabbitmq-server and rabbitmqctl. */
  static async start(bin: string): Promise<Rabbit> {
    const home = await mkdtemp(path.join(tmpdir(), 'jetpack-rabbit-'));
    const rabbit = new Rabbit(bin, home, await freePorts(3));
    const settings = [
      `listeners.tcp.1 = 127.0.0.1:${rabbit.port}`,
      `default_user = ${rabbit.user}`,
      `default_pass = ${rabbit.password}`,
      'disk_free_limit.absolute = 1MB',
    ];
    await writeFile(path.join(home, 'rabbitmq.conf'), `${settings.join('\n')}\n`, { mode: 0o600 });
    await writeFile(path.join(home, 'plugins'), '[].\n', { mode: 0o600 });
    await rabbit.start();
    return rabbit;
  }

  /** With `vhost` as it is written in a URL, for another user if one is given. */
  url({ vhost = '', user = this.user, password = this.password }: { vhost?: string; user?: string; password?: string } = {}): string {
    return `amqp://${user}:${password}@127.0.0.1:${this.port}/${vhost}`;
  }

  /** Resolves when it takes connections. */
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
    const end = performance.now() + startMs;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > end) {
        await this.kill();
        throw new Error(`rabbitmq-server did not start:\n${await readFile(path.join(this.home, 'console'), 'utf8')}`);
      }
      await sleep(20);
    }
  }

  /** Ends in good order. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    await this.kill();
  }

  /** Ends at once, as a power failure would: the whole group. */
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
    while (await answers(this.port)) await sleep(20);
  }

  /** Runs rabbitmqctl; its standard output. */
  async ctl(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(path.join(this.#bin, 'rabbitmqctl'), ['-q', ...args], { env: this.#env, cwd: this.home });
    return stdout;
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
