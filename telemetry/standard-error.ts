// Standard error as a sink of lines. A pipe that nobody empties must not stop the program, for a daemon that waits to say something
// answers nobody: Node writes what fits and keeps the rest.
//
// States: flowing; full, when more than `mostWaiting` characters wait for the reader: lines are counted and lost until there is
// room again, and then one line says how many. It never throws, never blocks on a pipe, and never ends the program.
import type { LogSink } from './logger.ts';

/** Of `process.stderr` what is used. */
export interface LineStream {
  /** What waits to be written. */
  readonly writableLength: number;
  write(text: string): unknown;
  on(event: 'error', listener: () => void): unknown;
}

const mostWaiting = 1024 * 1024;

export interface StandardErrorOptions {
  readonly stream?: LineStream;
  /** The line that tells of so many lost ones. */
  readonly gap: (lines: number) => string;
}

/** What cannot be written at all (the reader is gone) is lost without a word. */
export const standardError = ({ gap, stream = process.stderr }: StandardErrorOptions): LogSink => {
  let lost = 0;
  stream.on('error', () => undefined);
  return {
    write(line) {
      if (stream.writableLength > mostWaiting) {
        lost += 1;
        return;
      }
      if (lost > 0) stream.write(gap(lost));
      lost = 0;
      stream.write(line);
    },
  };
};
