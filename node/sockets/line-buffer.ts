// Cuts a stream of bytes into lines, or into pieces of a known length. The bytes are copied into one buffer that doubles as it fills: a client that sends a
// byte at a time then costs a byte each, where keeping its chunks would cost a hundred.
import type { Holding } from './memory.ts';

const lineFeed = 0x0a;
const smallest = 1024;

/** A buffer up to this size is kept between lines. */
const kept = 4096;

const none = Buffer.alloc(0);

export class LineBuffer {
  readonly #holding: Holding;
  #bytes: Buffer = none;
  #start = 0;
  #end = 0;
  /** No line feed stands before this position. */
  #scanned = 0;

  constructor(holding: Holding) {
    this.#holding = holding;
  }

  /** Bytes that `next` has not given out. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds bytes; false and nothing added when the memory for them is not granted. */
  append(chunk: Uint8Array): boolean {
    if (this.#end + chunk.length > this.#bytes.length && !this.#makeRoom(this.length + chunk.length)) return false;
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
    return true;
  }

  /** The next whole line without its line feed, if there is one. Valid until the next `append`. */
  next(): Uint8Array | undefined {
    const found = this.#bytes.subarray(this.#scanned, this.#end).indexOf(lineFeed);
    if (found === -1) {
      this.#scanned = this.#end;
      return undefined;
    }
    const line = this.#bytes.subarray(this.#start, this.#scanned + found);
    this.#start = this.#scanned + found + 1;
    this.#scanned = this.#start;
    if (this.#start === this.#end) this.#rewind();
    return line;
  }

  /** The next `length` bytes, left where they are; undefined while they are not there. Valid until the next `append`. */
  peek(length: number): Buffer | undefined {
    return this.length < length ? undefined : this.#bytes.subarray(this.#start, this.#start + length);
  }

  /** The same, taken. */
  take(length: number): Buffer | undefined {
    const bytes = this.peek(length);
    if (bytes === undefined) return undefined;
    this.#start += length;
    this.#scanned = Math.max(this.#scanned, this.#start);
    if (this.#start === this.#end) this.#rewind();
    return bytes;
  }

  /** Forgets everything and gives its memory back. */
  clear(): void {
    this.#replace(none);
    this.#start = this.#end = this.#scanned = 0;
  }

  #rewind(): void {
    if (this.#bytes.length > kept) this.clear();
    else this.#start = this.#end = this.#scanned = 0;
  }

  #makeRoom(needed: number): boolean {
    const size = needed <= this.#bytes.length ? this.#bytes.length : Math.max(smallest, needed, 2 * this.#bytes.length);
    if (!this.#holding.change(size - this.#bytes.length)) return false;
    const roomy = size === this.#bytes.length ? this.#bytes : Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(roomy, 0, this.#start, this.#end);
    this.#bytes = roomy;
    this.#end -= this.#start;
    this.#scanned -= this.#start;
    this.#start = 0;
    return true;
  }

  #replace(bytes: Buffer): void {
    this.#holding.change(bytes.length - this.#bytes.length);
    this.#bytes = bytes;
  }
}
