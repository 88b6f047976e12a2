// The outermost layer of a long-running process: runs until a signal asks it to end or its root supervisor gives up.
//
// States: `starting` -> `running` -> `stopping` (a signal, an escalation, or its own end) -> ended. From the first signal or the
// stop on it has a bounded time, and what has not ended by then is left to the operating system. A second signal ends
// at once. Exit codes: 0 after a signal, 2 for usage, 1 after everything else. It never shows a stack: a defect is one line.
import { systemClock, type Cancel, type Clock } from '../effects/clock.ts';
import type { Failure, Result } from '../protocol/result.ts';
import { errors } from '../protocol/errors.ts';
import { escalation } from './escalation.ts';

export interface RunningProgram {
  /** Drains and ends; never rejects. */
  stop(): Promise<void>;
  /** Resolves with the reason when the root supervisor has given up. */
  readonly escalated: Promise<Failure>;
  /** For a program that ends by itself: resolves when it is time, and once stopped says how it went. */
  readonly over?: Promise<() => Failure | undefined>;
}

/** The process as far as a program needs it; tests give their own. */
export interface Host {
  readonly argv: readonly string[];
  readonly env: { readonly [name: string]: string | undefined };
  onSignal(listener: (signal: string) => void): void;
  stdout(text: string): void;
  stderr(text: string): void;
  exit(code: number): void;
}

/** Writes where a reader may be gone: a service does not end because nobody listens to what it says. */
const writerTo = (stream: NodeJS.WriteStream): ((text: string) => void) => {
  let guarded = false;
  return (text) => {
    if (!guarded) stream.on('error', () => undefined);
    guarded = true;
    stream.write(text);
  };
};

export const processHost: Host = {
  argv: process.argv.slice(2),
  env: process.env,
  onSignal(listener) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => listener(signal));
  },
  stdout: writerTo(process.stdout),
  stderr: writerTo(process.stderr),
  exit: (code) => process.exit(code),
};

/** Time for a whole stop, milliseconds: systemd and a person at Ctrl-C both expect less than five seconds. */
const stopWithinMs = 4_500;

/** Says on standard error what went wrong, with its code (docs/ERRORS.md) unless it is one of usage, whose line says what is right. */
export const exitWith = (host: Host, program: string, failure: Failure): void => {
  const line = failure.message.startsWith(`${program}: `) ? failure.message : `${program}: ${failure.message}`;
  host.stderr(failure.code === 'usage' ? `${line}\n` : `${line} (${failure.code})\n`);
  host.exit(errors[failure.code].exit);
};

/** Runs `start`'s program to its end. One that is told to stop while it still starts gives up what it waits for, and has a program that only ends. */
export const runProgram = async (host: Host, program: string, start: (stopping: AbortSignal) => Promise<Result<RunningProgram>>, clock: Clock = systemClock): Promise<void> => {
  let cancelDeadline: Cancel | undefined;
  const setDeadline = (): void => {
    cancelDeadline ??= clock.after(stopWithinMs, () => {
      host.stderr(`${program}: did not stop within ${stopWithinMs} ms\n`);
      host.exit(1);
    });
  };
  const asked = Promise.withResolvers<'signal'>();
  const stopping = new AbortController();
  let signals = 0;
  host.onSignal(() => {
    signals += 1;
    if (signals > 1) return host.exit(1);
    setDeadline();
    stopping.abort();
    asked.resolve('signal');
  });
  try {
    const started = await start(stopping.signal);
    if (!started.ok) return exitWith(host, program, started.error);
    const running = started.value;
    const cause = await Promise.race([asked.promise, running.escalated, running.over ?? new Promise<never>(() => undefined)]);
    setDeadline();
    await running.stop();
    cancelDeadline?.();
    const failure = typeof cause === 'function' ? cause() : cause;
    if (failure === 'signal' || failure === undefined) host.exit(0);
    else exitWith(host, program, failure);
  } catch (error) {
    exitWith(host, program, escalation(error));
  }
};
