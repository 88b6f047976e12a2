// The ids of the last repeatable entries, so that a message which a command line sends twice (by the socket and by the
// spool) is accepted once, even after its row is gone. Bounded by count: no window of time has to be guessed. The table
// has one row a transaction, which costs a tenth of one row an id.
import { integerOf, textOf } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';

export interface Place {
  readonly stream: string;
  readonly sequence: number;
}

/** `id sequence` a line. */
const encode = (added: ReadonlyMap<string, Place>): string => [...added].map(([id, { sequence }]) => `${id} ${sequence}`).join('\n');

const decode = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text.split('\n').map((line) => {
      const [id = '', sequence] = line.split(' ');
      return [id, Number(sequence)];
    }),
  );

export class RecentIds {
  readonly #stream: string;
  readonly #capacity: number;
  /** Id to the `last` of its row, oldest first. */
  readonly #known = new Map<string, number>();
  readonly #insert: Statement;
  readonly #find: Statement;
  readonly #prune: Statement;
  /** Ids ever remembered. */
  #last = 0;
  #lastBefore = 0;
  /** Of the transaction under way. */
  #added = new Map<string, Place>();

  /** `stream` is the one that new entries go to. */
  constructor(database: Database, stream: string, capacity: number) {
    this.#stream = stream;
    this.#capacity = capacity;
    this.#insert = database.prepare('INSERT INTO ids (last, stream, entries) VALUES (?, ?, ?)');
    this.#find = database.prepare('SELECT stream, entries FROM ids WHERE last = ?');
    this.#prune = database.prepare('DELETE FROM ids WHERE last <= ?');
    for (const row of database.prepare('SELECT last, entries FROM ids ORDER BY last').iterate()) {
      this.#last = integerOf(row, 'last');
      for (const id of decode(textOf(row, 'entries')).keys()) this.#known.set(id, this.#last);
    }
  }

  /** Where the entry with this id went when it was accepted. */
  find(id: string): Place | undefined {
    const last = this.#known.get(id);
    if (last === undefined) return this.#added.get(id);
    const row = this.#find.get(last);
    const sequence = decode(textOf(row, 'entries')).get(id);
    return sequence === undefined ? undefined : { stream: textOf(row, 'stream'), sequence };
  }

  add(id: string, sequence: number): void {
    this.#added.set(id, { stream: this.#stream, sequence });
  }

  begun(): void {
    // What the transaction before pushed out of the table; only now is it sure that it was not rolled back.
    for (const id of this.#known.keys()) {
      if (this.#known.size <= this.#capacity) break;
      this.#known.delete(id);
    }
    this.#lastBefore = this.#last;
    this.#added = new Map();
  }

  committing(): void {
    if (this.#added.size === 0) return;
    this.#last += this.#added.size;
    this.#insert.run(this.#last, this.#stream, encode(this.#added));
    this.#prune.run(this.#last - this.#capacity);
    for (const id of this.#added.keys()) this.#known.set(id, this.#last);
  }

  rolledBack(): void {
    for (const id of this.#added.keys()) this.#known.delete(id);
    this.#added = new Map();
    this.#last = this.#lastBefore;
  }
}
