// Fences a store: whoever opened it last may write, and nobody else. The kernel's lock on the file says the same, but a file system that
// is shared over a network may know no locks. SQLite itself would not notice there: it reads again nothing of a file that it holds
// exclusively. So the epoch stands in a small file beside the store, which every transaction reads.
//
// current: the file says what this opening wrote. Passed: it says something else, for another has opened the store since; every
// transaction from then on is refused with `store_fenced`, for good. It never writes the file a second time.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { uuid7, type Random } from '../../effects/random.ts';
import { JetpackError } from '../../protocol/errors.ts';

export class Epoch {
  readonly #file: string;
  readonly #own: string;

  /** Takes the next epoch of the store at `path`, to be called by whoever has opened it. Throws what the file system throws. */
  constructor(path: string, now: number, random: Random) {
    this.#file = `${path}.epoch`;
    this.#own = uuid7(now, random);
    const next = `${this.#file}.next`;
    writeFileSync(next, `${this.#own}\n`, { mode: 0o600 });
    renameSync(next, this.#file);
  }

  /** To be called in a transaction that writes. Throws `store_fenced`. */
  check(): void {
    if (this.#read() === this.#own) return;
    throw new JetpackError('store_fenced', `another cycle-server has opened the store since (${this.#file} is not what this one wrote)`);
  }

  #read(): string | undefined {
    try {
      return readFileSync(this.#file, 'utf8').trim();
    } catch {
      // Gone, or out of reach: whose the store is cannot be known.
      return undefined;
    }
  }
}
