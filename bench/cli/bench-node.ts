// What the turns of `cli` share: the command line as it is installed, a daemon in a process and a home of its own, whose broker
// is away, and a home without a daemon. Made when the first turn asks for it.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { buildCommandLine } from '../../install/command-line.ts';
import { startProgram, startScript, type Running } from '../../integration/cluster/processes.ts';
import { homePaths } from '../../node/home/paths.ts';
import { findSocketPaths, type SocketPaths } from '../../node/home/socket-paths.ts';
import { valueOf } from '../../node/projects/trouble.ts';

export interface ReadyNode {
  readonly home: string;
  readonly front: string;
  readonly nodeForm: string;
  readonly sockets: SocketPaths;
  /** Of a server that sends back what it gets. */
  readonly echo: string;
  /** What a call of the command line has in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The same, for a home with the same node.json that no daemon serves. */
  readonly awayEnv: Readonly<Record<string, string>>;
}

const startMs = 60_000;

/** Nobody listens there. */
const nowhere = 'amqp://guest:guest@127.0.0.1:1';

export class BenchNode {
  #ready: Promise<ReadyNode> | undefined;
  #running: readonly Running[] = [];
  #folder: string | undefined;

  ready(): Promise<ReadyNode> {
    this.#ready ??= this.#make();
    return this.#ready;
  }

  async close(): Promise<void> {
    for (const each of this.#running) await each.stop();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  async #make(): Promise<ReadyNode> {
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-cli-'));
    this.#folder = folder;
    const { front, jetpack, nodeForm } = await buildCommandLine(path.join(folder, 'installed'));
    if (!front) throw new Error('the front is measured too, and there is no C compiler (cc) for it');
    const home = path.join(folder, 'home');
    const daemon = startProgram('jetpackd', ['--home', home, '--cluster', 'bench', '--node', 'n1'], { env: { JETPACK_AMQP_URL: nowhere } });
    const echo = path.join(folder, 'echo.sock');
    const echoing = startScript('bench/cli/echo.ts', [echo]);
    this.#running = [daemon, echoing];
    await Promise.all([daemon.serving, echoing.serving]);
    await waitFor('jetpackd to write node.json', () => existsSync(path.join(homePaths(home).config, 'node.json')), startMs);
    const away = homePaths(path.join(folder, 'away'));
    mkdirSync(away.config, { recursive: true });
    copyFileSync(path.join(homePaths(home).config, 'node.json'), path.join(away.config, 'node.json'));
    return { home, front: jetpack, nodeForm, echo, sockets: valueOf(findSocketPaths(homePaths(home))), env: { JETPACK_HOME: home }, awayEnv: { JETPACK_HOME: away.home } };
  }
}
