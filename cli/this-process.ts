// What a run of `jetpack` in Node has of its process, whoever runs the command: this one, or the daemon.
import { isatty } from 'node:tty';
import type { Terminal } from '../commands/host.ts';
import { say } from '../commands/line.ts';
import { systemClock, type Clock } from '../effects/clock.ts';
import { writeOut } from './write-out.ts';

/** The machine's, without loading what else `performance` can do. */
export const processClock: Clock = { ...systemClock, monotonic: () => Number(process.hrtime.bigint()) / 1e6 };

export const terminal = (): Terminal => (isatty(1) ? { output: true, columns: process.stdout.columns } : { output: false, columns: 80 });

/** Undefined when it is gone: a script may have removed the folder it stands in. */
export const workingFolder = (): string | undefined => {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
};

export const writeErr = (text: string): void => void writeOut(2, text);

/** A defect is one line too, unless its stack is asked for. */
export const crash = (error: unknown): void => {
  const detail = error instanceof Error ? error.message : String(error);
  if (process.env['JETPACK_DEBUG'] === '1') console.error(error);
  else writeErr(say('jetpack', `a defect: ${detail}; JETPACK_DEBUG=1 shows where (internal)`));
  process.exit(1);
};

/** `unwritten`: something of the answer could not be written. Else whoever read it may have gone: the exit code still says how it went. */
export const end = (exitCode: number | undefined, unwritten: boolean): void => {
  if (unwritten) writeErr(say('jetpack', 'standard output cannot be written (file_unwritable)'));
  process.exit(unwritten ? 1 : exitCode);
};
