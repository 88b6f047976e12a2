// Frames of a front (cli/front/), as jetpackd reads them. docs/PROTOCOL.md says what each means.
import { frameHead } from '../../protocol/front.ts';
import { LineBuffer } from '../sockets/line-buffer.ts';
import type { Holding } from '../sockets/memory.ts';

export interface Frame {
  readonly type: string;
  readonly content: Buffer;
}

/** What a frame takes beside its content, in memory. */
export const frameBytes = 128;

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
    const start = this.#bytes.peek(frameHead);
    if (start === undefined) return undefined;
    const length = start.readUInt32BE(1);
    if (length > this.#largest) return 'too large';
    const bytes = this.#bytes.take(frameHead + length);
    return bytes === undefined ? undefined : { type: bytes.toString('latin1', 0, 1), content: Buffer.from(bytes.subarray(frameHead)) };
  }

  clear(): void {
    this.#bytes.clear();
  }
}
