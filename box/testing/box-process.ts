// The cluster in a box as a person starts it, as a child process.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { root } from '../plan.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class BoxProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { PATH = '', HOME = '', TMPDIR } = process.env;
    // Its programs begin in half of the time with what Node kept of the sources, where bin/jetpack keeps it too.
    const NODE_COMPILE_CACHE = path.join(root, 'node_modules', '.cache', 'jetpack');
    const inherited = { PATH, HOME, NODE_COMPILE_CACHE, ...(TMPDIR === undefined ? {} : { TMPDIR }) };
    this.child = spawn(process.execPath, [path.join(root, 'box', 'main.ts'), ...argv], { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(this.child, 'close').then(([code]: unknown[]) => ({
      code: typeof code === 'number' ? code : null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Resolves when it has printed so: within a minute, for a transport may pause for half of that before it tries again. */
  async prints(pattern: RegExp, times = 1): Promise<void> {
    const all = new RegExp(pattern, 'g');
    await waitFor(`${times} of ${String(pattern)} in the output of the box`, () => [...this.stdout.matchAll(all)].length >= times, 60_000);
  }

  allReady(): Promise<void> {
    return this.prints(/phase ready/, 3);
  }

  interrupt(): Promise<Ended> {
    this.child.kill('SIGINT');
    return this.ended;
  }

  /** For the end of a test, however it went. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.ended;
  }
}
