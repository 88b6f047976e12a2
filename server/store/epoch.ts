// Fences a store: whoever opened it last may write, and nobody else. The kernel's lock on the file says the same, but a lock can
// be lost on a file system that is shared over a network; this is checked by the file itself, in every transaction.
//
// current: the epoch that this opening took is the file's. Passed: another has opened the file since; every transaction from
// then on is rolled back with `store_fenced`, for good. It never takes a second epoch.
import { JetpackError } from '../../protocol/errors.ts';
import { integerOf } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';

export class Epoch {
  readonly #current: Statement;
  readonly #own: number;

  /** Takes the next epoch. */
  constructor(database: Database) {
    this.#current = database.prepare('SELECT value FROM epoch');
    this.#own = integerOf(database.prepare('UPDATE epoch SET value = value + 1 RETURNING value').get(), 'value');
  }

  /** To be called in a transaction that writes. Throws `store_fenced`. */
  check(): void {
    const current = integerOf(this.#current.get(), 'value');
    if (current !== this.#own) throw new JetpackError('store_fenced', `another cycle-server has opened the store since (its epoch ${current}, ours ${this.#own})`);
  }
}
