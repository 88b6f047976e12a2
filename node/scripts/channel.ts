// The way a script's output takes to us: one pipe for standard output and standard error, so that they mix as they came.
//
// Node would give a script two sockets, and opening /dev/stderr fails on a socket, which scripts do every day; so the pipe is a
// named one, unlinked as soon as both ends are open. Where none can be made (a full disk), the two sockets must do: a
// check that reports just that has to run.
import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { endsWithin } from '../../actors/handler-deadline.ts';
import type { Clock } from '../../effects/clock.ts';
import { withPipe } from './named-pipe.ts';

export interface Channel {
  /** For `spawn`. */
  readonly outputs: readonly ['pipe' | number, 'pipe' | number];
  /** Once, after `spawn`, also when that failed. Begins to read; every chunk goes to `take`. */
  attach(child: ChildProcess | undefined, take: (chunk: Buffer) => void): Reading;
}

export interface Reading {
  /** Resolves when nobody can write any more. */
  readonly ended: Promise<void>;
  /** Goes on reading for those that still write, but keeps no process alive for it. */
  letGo(): void;
  /** Stops reading: whoever still writes gets an error. */
  stop(): void;
}

/** Output is read on after the end until none has come for so many looks in a row, or for so long in all. */
const lookEveryMs = 25;
const silentLooks = 10;
const lastOutputMs = 2_000;

const read = (sources: readonly Readable[], take: (chunk: Buffer) => void): Reading => {
  const ends = sources.map((source) => {
    source.on('data', take);
    // Reading fails when the other side is gone in disorder: then there is nothing more to read.
    source.on('error', () => undefined);
    return new Promise<void>((resolve) => void source.once('close', resolve));
  });
  return {
    ended: Promise.all(ends).then(() => undefined),
    letGo() {
      for (const source of sources) if (source instanceof Socket) source.unref();
    },
    stop() {
      for (const source of sources) source.destroy();
    },
  };
};

const sockets: Channel = {
  outputs: ['pipe', 'pipe'],
  attach: (child, take) => read([child?.stdout, child?.stderr].filter((source) => source !== undefined && source !== null), take),
};

const pipe = (readEnd: number, writeEnd: number): Channel => ({
  outputs: [writeEnd, writeEnd],
  attach(_child, take) {
    // The child has its own; as long as we had one too, there would be no end.
    closeSync(writeEnd);
    return read([new Socket({ fd: readEnd, readable: true, writable: false })], take);
  },
});

/** Never rejects. */
export const openChannel = async (): Promise<Channel> => {
  try {
    return await withPipe((file) => {
      const readEnd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        // Blocking, as scripts expect their output to be; there is a reader, so the opening itself does not wait.
        return pipe(readEnd, openSync(file, constants.O_WRONLY));
      } catch (error) {
        closeSync(readEnd);
        throw error;
      }
    });
  } catch {
    return sockets;
  }
};

/**
 * Reads the last output. Resolves with whether nobody can write any more. Looks are counted besides the time, for the event loop reads between two of them: one that
 * was busy for a while has read nothing, and that is no silence.
 */
export const readOn = async (clock: Clock, ended: Promise<void>, bytesRead: () => number): Promise<boolean> => {
  const end = clock.monotonic() + lastOutputMs;
  let silent = 0;
  for (let look = 1; silent < silentLooks && (look <= silentLooks || clock.monotonic() < end); look += 1) {
    const before = bytesRead();
    if (await endsWithin(clock, lookEveryMs, ended)) return true;
    silent = bytesRead() === before ? silent + 1 : 0;
  }
  return false;
};
