// Standard input or a file on its way from the front: asked for piece by piece, so that nothing is read which is not wanted.
import { constants } from 'node:os';
import { tooLarge, unreadable } from '../../commands/unreadable.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { Holding } from '../sockets/memory.ts';
import type { Frame } from './frames.ts';
import { NotHere } from './not-here.ts';

const codeOf = (errno: string): string => Object.entries(constants.errno).find(([, number]) => number === Number(errno))?.[0] ?? `error ${errno}`;

export class Body {
  readonly #name: string;
  readonly #limit: number;
  readonly #holding: Holding;
  readonly #more: () => void;
  readonly #settled = Promise.withResolvers<Result<Uint8Array>>();
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #held = 0;

  /** `more` asks for the next piece. */
  constructor(name: string, limit: number, holding: Holding, more: () => void) {
    this.#more = more;
    this.#name = name;
    this.#limit = limit;
    this.#holding = holding;
  }

  /** Fails with `message_too_large` or `file_unreadable`; rejects with NotHere when the memory is not granted. */
  get whole(): Promise<Result<Uint8Array>> {
    return this.#settled.promise;
  }

  /** Frames of another kind are none of it. */
  take({ content, type }: Frame): void {
    switch (type) {
      case 'D':
        this.#bytes += content.length;
        if (this.#bytes > this.#limit) this.#settled.resolve(tooLarge(this.#name, this.#limit));
        else if (!this.#holding.change(content.length)) this.#settled.reject(new NotHere('too many bytes are held for others'));
        else {
          this.#held += content.length;
          this.#chunks.push(content);
          this.#more();
        }
        return;
      case 'Z':
        this.#settled.resolve(ok(Buffer.concat(this.#chunks)));
        return;
      case 'X':
        this.#settled.resolve(unreadable(this.#name, codeOf(content.toString())));
        return;
      default:
        return;
    }
  }

  /** Gives its memory back, and up what it waits for. */
  close(): void {
    this.#holding.change(-this.#held);
    this.#held = 0;
    this.#chunks.length = 0;
    this.#settled.reject(new NotHere('the front is gone'));
  }
}
