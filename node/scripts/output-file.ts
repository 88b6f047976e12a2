// The file that takes what a script writes, up to a bound. It never stands in the script's way: a disk that is slow is not
// waited for, one that is full costs the file and not the run.
import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { WriteStream } from 'node:fs';
import { endsWithin } from '../../actors/handler-deadline.ts';
import type { Clock } from '../../effects/clock.ts';
import { systemCode } from '../home/system-error.ts';

const mostBytes = 16 * 1024 * 1024;
const cutLine = '\n[jetpackd: the output is cut off here]\n';

/** How long the end of a run waits for the disk. */
const closeMs = 5_000;

/** Never through a link, and never a pipe that would have us wait for its reader. */
const openFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface OutputFile {
  take(chunk: Buffer): void;
  /** Resolves with what a person should know of the file, each completing "it …". */
  close(): Promise<readonly string[]>;
}

const none: OutputFile = { take: () => undefined, close: async () => [] };

const failed = (file: string, error: unknown): string => `wrote output that could not be kept in ${file} (${systemCode(error)})`;

const keep = (file: string, stream: WriteStream, clock: Clock): OutputFile => {
  let room = mostBytes;
  let trouble: unknown;
  let cut = false;
  const closed = new Promise<void>((resolve) => void stream.once('close', resolve));
  stream.on('error', (error) => (trouble ??= error));
  return {
    take(chunk) {
      if (cut || trouble !== undefined) return;
      const kept = chunk.subarray(0, room);
      room -= kept.length;
      // What waits for the disk here is bounded by the file itself.
      stream.write(kept);
      if (kept.length === chunk.length) return;
      cut = true;
      stream.write(cutLine);
    },
    async close() {
      stream.end();
      if (!(await endsWithin(clock, closeMs, closed))) {
        stream.destroy();
        trouble ??= new Error('the disk does not answer');
      }
      if (trouble !== undefined) return [failed(file, trouble)];
      return cut ? [`wrote more than ${mostBytes / 1024 / 1024} MiB: the rest is not in ${file}`] : [];
    },
  };
};

/** Begins the file anew, with its folders. Never rejects: without a file, what is written goes nowhere. */
export const openOutputFile = async (file: string | undefined, clock: Clock, mode = 0o640): Promise<OutputFile> => {
  if (file === undefined) return none;
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
    const handle = await open(file, openFlags, mode);
    return keep(file, handle.createWriteStream(), clock);
  } catch (error) {
    return { ...none, close: async () => [failed(file, error)] };
  }
};
