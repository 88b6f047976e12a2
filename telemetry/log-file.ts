// A log file that stays within its bound: `path` and at most `files` - 1 older ones, `path.1` the youngest.
//
// States: idle, nothing waits; busy, lines are written in chunks, one chunk at a time; ailing, the last write failed and
// no other is tried before `retryMs` have passed; closed. A chunk that fails is taken back out of the file and waits with
// the lines that come meanwhile; what then finds no room is lost, and one line says how many were. Before a chunk the file
// is looked at, at most once in `lookMs`: if someone moved or removed it, a new one is begun under its name.
//
// It never throws, never blocks, never holds more than `maxWaiting` characters, and never writes half a line.
import { mkdir, open, rename, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { types } from 'node:util';
import type { Clock } from '../effects/clock.ts';
import { eventLogLine } from './event-log-line.ts';
import type { LogSink } from './logger.ts';

export interface LogFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** No file grows larger, unless a single chunk does; bytes, default 10 MiB. */
  readonly maxBytes?: number;
  /** Files in all, default 5. */
  readonly files?: number;
  /** Told once an outage that writing fails, and why. */
  readonly onProblem: (reason: string) => void;
}

interface OpenFile {
  readonly handle: FileHandle;
  /** Which file it is, wherever its name goes. */
  readonly device: number;
  readonly inode: number;
  size: number;
}

const maxWaiting = 4 * 1024 * 1024;
const chunkSize = 64 * 1024;
const retryMs = 1000;
const lookMs = 1000;

const ignore = (): undefined => undefined;

const reasonOf = (error: unknown): string => (types.isNativeError(error) ? error.message : String(error));

const openFile = async (file: string): Promise<OpenFile> => {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
  const handle = await open(file, 'a', 0o640);
  const { dev, ino, size } = await handle.stat();
  return { handle, device: dev, inode: ino, size };
};

/** Writes all or nothing. */
const append = async (file: OpenFile, bytes: Uint8Array): Promise<void> => {
  try {
    await file.handle.appendFile(bytes);
  } catch (error) {
    await file.handle.truncate(file.size).catch(ignore);
    throw error;
  }
  file.size += bytes.length;
};

export class LogFile implements LogSink {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #files: number;
  readonly #onProblem: (reason: string) => void;
  readonly #waiting: string[] = [];
  #waitingSize = 0;
  /** Lines that found no room, not yet told of in the file. */
  #lost = 0;
  #file: OpenFile | undefined;
  #lookAt = 0;
  #busy = false;
  #work: Promise<void> = Promise.resolve();
  #ailing: { readonly retryAt: number } | undefined;
  #closing: Promise<void> | undefined;

  constructor({ path: file, clock, maxBytes = 10 * 1024 * 1024, files = 5, onProblem }: LogFileOptions) {
    this.#path = file;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
    this.#files = files;
    this.#onProblem = onProblem;
  }

  write(line: string): void {
    if (this.#closing !== undefined) return;
    if (this.#waitingSize + line.length > maxWaiting) {
      this.#lost += 1;
    } else {
      this.#waiting.push(line);
      this.#waitingSize += line.length;
    }
    const resting = this.#ailing !== undefined && this.#clock.monotonic() < this.#ailing.retryAt;
    if (this.#busy || resting) return;
    this.#busy = true;
    // A moment later: what is written in one go goes out in one go.
    this.#work = Promise.resolve().then(() => this.#writeWaiting());
  }

  /** Writes what waits, as far as the disk takes it, and closes the file. The same promise every time. */
  close(): Promise<void> {
    this.#closing ??= this.#work.then(() => this.#writeWaiting()).then(() => this.#letGo());
    return this.#closing;
  }

  async #writeWaiting(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#waiting.length > 0 || this.#lost > 0) {
        if (this.#waiting.length > 0) await this.#writeChunk();
        else await this.#tellOfLoss();
      }
      this.#ailing = undefined;
    } catch (error) {
      if (this.#ailing === undefined) this.#onProblem(`${this.#path} cannot be written: ${reasonOf(error)}`);
      this.#ailing = { retryAt: this.#clock.monotonic() + retryMs };
      await this.#letGo();
    }
    this.#busy = false;
  }

  async #writeChunk(): Promise<void> {
    let size = 0;
    let count = 0;
    for (const line of this.#waiting) {
      size += line.length;
      count += 1;
      if (size >= chunkSize) break;
    }
    const bytes = Buffer.from(this.#waiting.slice(0, count).join(''));
    await append(await this.#fileFor(bytes.length), bytes);
    this.#waiting.splice(0, count);
    this.#waitingSize -= size;
  }

  async #tellOfLoss(): Promise<void> {
    const lost = this.#lost;
    const line = Buffer.from(eventLogLine(this.#clock.now(), 'warn', `${lost} lines of this log were lost: they came faster than it could be written`));
    await append(await this.#fileFor(line.length), line);
    this.#lost -= lost;
  }

  /** The file to write so many bytes to, after the look and the rotation that are due. */
  async #fileFor(bytes: number): Promise<OpenFile> {
    if (this.#clock.monotonic() >= this.#lookAt) await this.#look();
    this.#file ??= await openFile(this.#path);
    if (this.#file.size > 0 && this.#file.size + bytes > this.#maxBytes) {
      await this.#letGo();
      await this.#rotate();
      this.#file = await openFile(this.#path);
    }
    return this.#file;
  }

  async #look(): Promise<void> {
    this.#lookAt = this.#clock.monotonic() + lookMs;
    if (this.#file === undefined) return;
    const found = await stat(this.#path).catch(ignore);
    // Who copies a log and then empties it leaves the file in place, but not its size.
    if (found?.dev === this.#file.device && found.ino === this.#file.inode) this.#file.size = found.size;
    else await this.#letGo();
  }

  async #rotate(): Promise<void> {
    const nameOf = (age: number): string => (age === 0 ? this.#path : `${this.#path}.${age}`);
    for (let age = this.#files - 1; age > 0; age -= 1) {
      await rename(nameOf(age - 1), nameOf(age)).catch((error: unknown) => {
        if (!(types.isNativeError(error) && 'code' in error && error.code === 'ENOENT')) throw error;
      });
    }
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(ignore);
  }
}
