// A log file that stays within its bound: `path` and at most `files` - 1 older ones, `path.1` the youngest.
//
// States: idle, nothing waits; busy, lines are written in chunks, one chunk at a time; ailing, the last write failed and
// no other is tried before `retryMs` have passed; closed. A failed write costs its chunk; once the disk takes lines again,
// one of them says how many were lost. Before a chunk the file is looked for, at most once in `lookMs`: if someone moved
// or removed it, a new one is begun under its name.
//
// It never throws, never blocks, never holds more than `maxWaiting` characters, and never changes a line.
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import type { Clock } from '../effects/clock.ts';
import { eventLogLine } from './event-log-line.ts';
import type { LogSink } from './logger.ts';

export interface LogFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Bytes from which on the file is rotated, default 10 MiB; a file may pass it by one chunk (64 KiB) and one line. */
  readonly maxBytes?: number;
  /** Files in all, at least 2, default 5. */
  readonly files?: number;
  /** Told once an outage that writing fails, and why. */
  readonly onProblem: (reason: string) => void;
}

const maxWaiting = 4 * 1024 * 1024;
const chunkSize = 64 * 1024;
const retryMs = 1000;
const lookMs = 1000;

const openStream = ({ path: file, maxBytes = 10 * 1024 * 1024, files = 5 }: LogFileOptions): Promise<RotatingFileStream> =>
  new Promise((resolve, reject) => {
    const stream = createStream(path.basename(file), { path: path.dirname(file), size: `${maxBytes}B`, rotate: files - 1, mode: 0o640 });
    stream.once('open', () => resolve(stream));
    // Stays for good: an error after the opening reaches the write that met it, and must not end the process.
    stream.on('error', reject);
  });

const writeTo = (stream: RotatingFileStream, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.write(text, (error) => (error instanceof Error ? reject(error) : resolve()));
  });

const end = (stream: RotatingFileStream | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (stream === undefined || stream.destroyed) resolve();
    else stream.end(() => resolve());
  });

/** Which file stands under a name now, undefined for none. */
const identify = async (file: string): Promise<string | undefined> => {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
};

export class LogFile implements LogSink {
  readonly #options: LogFileOptions;
  readonly #clock: Clock;
  readonly #waiting: string[] = [];
  #waitingSize = 0;
  /** Lines that found no room or were in a failed chunk, not yet told of in the file. */
  #lost = 0;
  #stream: RotatingFileStream | undefined;
  /** Which file the stream has open, once looked up. Rotation makes it a new one. */
  #identity: string | undefined;
  #lookAt = 0;
  #busy = false;
  #work: Promise<void> = Promise.resolve();
  #ailing: { readonly reason: string; readonly retryAt: number } | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  write(line: string): void {
    if (this.#closing !== undefined || this.#waitingSize + line.length > maxWaiting) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingSize += line.length;
    const resting = this.#ailing !== undefined && this.#clock.monotonic() < this.#ailing.retryAt;
    if (!this.#busy && !resting) this.#work = this.#writeWaiting();
  }

  /** Writes what waits, as far as the disk takes it, and closes the file. The same promise every time. */
  close(): Promise<void> {
    this.#closing ??= this.#work.then(() => this.#writeWaiting()).then(() => end(this.#stream));
    return this.#closing;
  }

  async #writeWaiting(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const lines = this.#takeChunk();
      const lost = this.#lost;
      try {
        await writeTo(await this.#current(), this.#notice(lost) + lines.join(''));
        this.#lost -= lost;
        this.#ailing = undefined;
      } catch (error) {
        this.#lost += lines.length;
        this.#failed(error instanceof Error ? error.message : String(error));
        break;
      }
    }
    this.#busy = false;
  }

  #takeChunk(): readonly string[] {
    let size = 0;
    let count = 0;
    for (const line of this.#waiting) {
      size += line.length;
      count += 1;
      if (size >= chunkSize) break;
    }
    this.#waitingSize -= size;
    return this.#waiting.splice(0, count);
  }

  /** The failed write may have left half a line, so the notice begins on a new one. */
  #notice(lost: number): string {
    if (lost === 0) return '';
    const reason = this.#ailing?.reason ?? 'more came than could be written';
    return `\n${eventLogLine(this.#clock.now(), 'warn', `${lost} lines of this log were lost: ${reason}`)}`;
  }

  #failed(reason: string): void {
    if (this.#ailing === undefined) this.#options.onProblem(`${this.#options.path} cannot be written: ${reason}`);
    this.#ailing = { reason, retryAt: this.#clock.monotonic() + retryMs };
    this.#stream?.destroy();
    this.#stream = undefined;
  }

  async #current(): Promise<RotatingFileStream> {
    const { path: file } = this.#options;
    if (this.#stream !== undefined && this.#clock.monotonic() >= this.#lookAt) {
      this.#lookAt = this.#clock.monotonic() + lookMs;
      const found = await identify(file);
      this.#identity ??= found;
      if (found === undefined || found !== this.#identity) {
        await end(this.#stream);
        this.#stream = undefined;
      }
    }
    if (this.#stream === undefined) {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
      const stream = await openStream(this.#options);
      this.#forget();
      stream.on('open', () => this.#forget());
      this.#stream = stream;
    }
    return this.#stream;
  }

  #forget(): void {
    this.#identity = undefined;
    this.#lookAt = 0;
  }
}
