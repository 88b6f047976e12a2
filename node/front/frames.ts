// Frames between jetpackd and the front (cli/front/jetpack.c): a letter, the length of the content in four bytes, highest
// first, and the content. docs/PROTOCOL.md says what each means.
import { LineBuffer } from '../sockets/line-buffer.ts';
import type { Holding } from '../sockets/memory.ts';

/** Of the daemon. */
export type Said = 'O' | 'R' | 'N' | 'F' | 'K' | 'Q' | 'P';

export interface Frame {
  readonly type: string;
  readonly content: Buffer;
}

/** What a frame takes beside its content, in memory. */
export const frameBytes = 128;

const head = 5;

export const frame = (type: Said, content: Uint8Array | string = ''): Buffer => {
  const length = Buffer.byteLength(content);
  const bytes = Buffer.allocUnsafe(head + length);
  bytes.write(type, 'latin1');
  bytes.writeUInt32BE(length, 1);
  if (typeof content === 'string') bytes.write(content, head);
  else bytes.set(content, head);
  return bytes;
};

/** Cuts what a front writes into frames. */
export class FrameBuffer {
  readonly #bytes: LineBuffer;
  /** Bytes of a frame's content. */
  readonly #largest: number;

  constructor(holding: Holding, largest: number) {
    this.#bytes = new LineBuffer(holding);
    this.#largest = largest;
  }

  /** False when the memory for it is not granted. */
  append(chunk: Uint8Array): boolean {
    return this.#bytes.append(chunk);
  }

  /** The next whole frame, if there is one; `too large` when it will never be. */
  next(): Frame | 'too large' | undefined {
    const start = this.#bytes.peek(head);
    if (start === undefined) return undefined;
    const length = start.readUInt32BE(1);
    if (length > this.#largest) return 'too large';
    const bytes = this.#bytes.take(head + length);
    return bytes === undefined ? undefined : { type: bytes.toString('latin1', 0, 1), content: Buffer.from(bytes.subarray(head)) };
  }

  clear(): void {
    this.#bytes.clear();
  }
}
