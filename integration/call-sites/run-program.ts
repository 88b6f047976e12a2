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
  /** On standard input; absent: nothing is there to read. */
  readonly input?: string | Uint8Array;
}

/** No call of a script takes as long on the slowest machine; one that hangs ends with this. */
const withinMs = 60_000;

/** With no environment but what is given. Rejects when the program cannot be started. */
export const runProgram = async (program: string, argv: readonly string[], { env, folder, input }: RunOptions): Promise<Observed> => {
  const child = spawn(program, argv, { cwd: folder, env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], timeout: withinMs, killSignal: 'SIGKILL' });
  let stdout = '';
  let stderr = '';
  // Who does not read it all may be gone before.
  child.stdin?.on('error', () => undefined).end(input);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, stdout, stderr };
};
