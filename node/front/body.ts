// Standard input or a file on its way from the front: asked for piece by piece, so that nothing is read which is not wanted.
//
//   asking   the front is told that a piece of standard input is wanted; of a file, once for all of them
//   asked    the system has taken that word: a piece may come
//   settled  it is whole, or never will be; what still comes is not taken
import { constants } from 'node:os';
import { tooLarge, unreadable } from '../../commands/unreadable.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { Holding } from '../sockets/memory.ts';
import { frameBytes, type Frame } from './frames.ts';
import { NotHere } from './not-here.ts';

const codeOf = (errno: string): string => Object.entries(constants.errno).find(([, number]) => number === Number(errno))?.[0] ?? `error ${errno}`;

export interface BodyOptions {
  /** For what is said of it. */
  readonly name: string;
  /** Bytes. */
  readonly limit: number;
  readonly holding: Holding;
  /** Whether the front sends one piece each time it is asked; else all of them. */
  readonly pieceByPiece: boolean;
  /** Asks the front; calls `taken` when the system has taken the question. */
  ask(taken: () => void): void;
}

export class Body {
  readonly #options: BodyOptions;
  readonly #settled = Promise.withResolvers<Result<Uint8Array>>();
  readonly #chunks: Buffer[] = [];
  #state: 'asking' | 'asked' | 'settled' = 'asking';
  #bytes = 0;

  constructor(options: BodyOptions) {
    this.#options = options;
    this.#ask();
  }

  /** Fails with `message_too_large` or `file_unreadable`; rejects with NotHere when the memory is not granted. */
  get whole(): Promise<Result<Uint8Array>> {
    return this.#settled.promise;
  }

  /** Frames of another kind are none of it. */
  take({ content, type }: Frame): void {
    if (this.#state === 'settled') return;
    switch (type) {
      case 'D':
        this.#add(content);
        return;
      case 'Z':
        this.#settle(ok(Buffer.concat(this.#chunks)));
        return;
      case 'X':
        this.#settle(unreadable(this.#options.name, codeOf(content.toString())));
        return;
      default:
        return;
    }
  }

  /** Gives up what it waits for. */
  close(): void {
    this.#refuse('the front is gone');
  }

  #ask(): void {
    this.#state = 'asking';
    this.#options.ask(() => {
      if (this.#state === 'asking') this.#state = 'asked';
    });
  }

  #add(content: Buffer): void {
    const { holding, limit, name, pieceByPiece } = this.#options;
    this.#bytes += content.length;
    // A front that does not read what it is asked would otherwise be asked without end.
    if (pieceByPiece && this.#state === 'asking') return this.#refuse('it sends what it was not asked for');
    if (this.#bytes > limit) return this.#settle(tooLarge(name, limit));
    if (!holding.change(content.length + frameBytes)) return this.#refuse('too many bytes are held for others');
    this.#chunks.push(content);
    if (pieceByPiece) this.#ask();
  }

  #refuse(reason: string): void {
    this.#state = 'settled';
    this.#chunks.length = 0;
    this.#settled.reject(new NotHere(reason));
  }

  #settle(whole: Result<Uint8Array>): void {
    this.#state = 'settled';
    this.#chunks.length = 0;
    this.#settled.resolve(whole);
  }
}
