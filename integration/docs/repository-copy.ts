// A copy of the repository to type commands in: with its own .state, and its own node_modules of links, which no installation
// in it could harm. Nothing that is typed there outlives it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { root } from './documents.ts';

/** A command in a shell, with what it started in a process group, as a terminal has it. */
export class TypedCommand {
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  /** Standard output and standard error, as they came. */
  output = '';
  readonly #child: ChildProcess;

  constructor(command: string, folder: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn('sh', ['-c', command], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.ended = once(this.#child, 'close').then(([code]: unknown[]) => ({ code: typeof code === 'number' ? code : null, output: this.output }));
  }

  /** Resolves with the match of what it has printed so often: within a minute, for a cluster on two cores takes its time. */
  prints(pattern: RegExp, times = 1): Promise<RegExpMatchArray> {
    const all = new RegExp(pattern, 'g');
    return waitFor(`${times} of ${String(pattern)} in the output`, () => [...this.output.matchAll(all)][times - 1], 60_000);
  }

  /** As Ctrl-C does: the signal goes to the whole group. */
  async interrupt(): Promise<string> {
    this.signal('SIGINT');
    return (await this.ended).output;
  }

  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}

const notCopied = new Set(['node_modules', '.git', '.state', 'coverage']);

export class RepositoryCopy {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'documented-'));
  readonly #typed: TypedCommand[] = [];

  constructor() {
    for (const name of readdirSync(root)) {
      if (!notCopied.has(name)) cpSync(path.join(root, name), path.join(this.folder, name), { recursive: true });
    }
    const modules = path.join(this.folder, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(path.join(root, 'node_modules'))) symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name));
  }

  type(command: string, env: Readonly<Record<string, string>> = {}): TypedCommand {
    const { PATH = '', HOME = '' } = process.env;
    const typed = new TypedCommand(command, this.folder, { PATH, HOME, npm_config_update_notifier: 'false', ...env });
    this.#typed.push(typed);
    return typed;
  }

  /** Ends what was typed and still runs, so that a test which failed is in no other's way. */
  async endAll(): Promise<void> {
    const all = this.#typed.splice(0);
    for (const typed of all) typed.signal('SIGKILL');
    await Promise.all(all.map(({ ended }) => ended));
  }

  async dispose(): Promise<void> {
    await this.endAll();
    rmSync(this.folder, { recursive: true, maxRetries: 10, retryDelay: 50 });
  }
}
