// One of the programs in bin/ as a child of this process.
//
// States: started → serving (its first line on standard output) → ended. It is in a process group of its own, so that a
// terminal's Ctrl-C does not reach it, and on a leash: when this process is gone, however it went, the program is asked to end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fail, ok, type Failure, type Result } from '../protocol/result.ts';
import { root } from './plan.ts';

export interface ChildProgram {
  /** The line it prints when it serves, or why it ended before. */
  readonly serving: Promise<Result<string>>;
  readonly ended: Promise<Failure>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** The launcher's name in bin/. */
  readonly program: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What it is called in a line for a person. */
  readonly label: string;
  /** Where its standard error goes; begun anew. */
  readonly log: string;
}

/** $0 is the program. Its leash is a pipe from this process, whose end ends the program's group. */
const leash = 'exec 3<&0; (cat <&3 >/dev/null; kill -TERM 0) & exec "$0" "$@" 3<&- </dev/null';

/** What the program itself says of its end: a line that begins with its name, as all programs of this repository write. */
const lastWord = ({ program, log }: ChildOptions): string | undefined =>
  readFileSync(log, 'utf8')
    .split('\n')
    .findLast((line) => line.startsWith(`${program}: `))
    ?.slice(program.length + 2);

export const startChild = (options: ChildOptions): ChildProgram => {
  const { program, argv, env, label, log } = options;
  mkdirSync(path.dirname(log), { recursive: true, mode: 0o700 });
  const errors = openSync(log, 'w', 0o600);
  const child = spawn('sh', ['-c', leash, path.join(root, 'bin', program), ...argv], { env, stdio: ['pipe', 'pipe', errors], detached: true });
  closeSync(errors);

  const ended = once(child, 'exit').then(
    ([code, signal]: unknown[]) => {
      child.stdin?.end();
      const how = lastWord(options) ?? `ended ${typeof signal === 'string' ? `by ${signal}` : `with code ${String(code)}`}`;
      return fail('internal', `${label}: ${how} (its log: ${log})`).error;
    },
    (error: unknown) => fail('internal', `${label} cannot be started: ${String(error)}`).error,
  );
  const line = new Promise<Result<string>>((resolve) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', (text) => resolve(ok(text)));
  });
  return {
    ended,
    serving: Promise.race([line, ended.then((error) => ({ ok: false, error }) as const)]),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
};
