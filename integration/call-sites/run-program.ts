// One run of a program, as a script of a node makes it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Observed {
  /** Null: it was ended by a signal. */
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** No call of a script takes as long on the slowest machine; one that hangs ends with this. */
const withinMs = 60_000;

/** With nothing on standard input and no environment but what is given. Rejects when the program cannot be started. */
export const runProgram = async (program: string, argv: readonly string[], { env, folder }: RunOptions): Promise<Observed> => {
  const child = spawn(program, argv, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: withinMs, killSignal: 'SIGKILL' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, stdout, stderr };
};
