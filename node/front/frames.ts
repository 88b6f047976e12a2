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

/** Where a frame ends that begins at `start`, if it has begun to be there: its head. */
const endOf = (bytes: Buffer, start: number): number | undefined => (bytes.length < start + frameHead ? undefined : start + frameHead + bytes.readUInt32BE(start + 1));

const frameIn = (bytes: Buffer, start: number, end: number): Frame => ({ type: String.fromCharCode(bytes[start] ?? 0), content: bytes.subarray(start + frameHead, end) });

/**
 * Cuts what a front writes into frames. Most fronts tell all in one write: those frames stand in the chunk they came in, and only
 * what was cut off at its end is kept aside.
 */
export class FrameBuffer {
  readonly #rest: LineBuffer;
  /** Bytes of a frame's content. */
  readonly #largest: number;

  constructor(holding: Holding, largest: number) {
    this.#rest = new LineBuffer(holding);
    this.#largest = largest;
  }

  /** Gives each whole frame to `take`. False when one will never be whole: it is too large, or the memory for it is not granted. */
  append(chunk: Buffer, take: (frame: Frame) => void): boolean {
    let start = 0;
    if (this.#rest.length === 0) {
      for (let end = endOf(chunk, start); end !== undefined && end <= chunk.length; end = endOf(chunk, start)) {
        take(frameIn(chunk, start, end));
        start = end;
      }
    }
    return start === chunk.length || (this.#rest.append(start === 0 ? chunk : chunk.subarray(start)) && this.#takeRest(take));
  }

  clear(): void {
    this.#rest.clear();
  }

  #takeRest(take: (frame: Frame) => void): boolean {
    for (;;) {
      const start = this.#rest.peek(frameHead);
      if (start === undefined) return true;
      const length = start.readUInt32BE(1);
      if (length > this.#largest) return false;
      const bytes = this.#rest.take(frameHead + length);
      if (bytes === undefined) return true;
      // What is kept aside is written over.
      take(frameIn(Buffer.from(bytes), 0, bytes.length));
    }
  }
}
