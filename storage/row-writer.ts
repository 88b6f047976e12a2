// Inserts rows of one table, several a statement: to run a statement costs as much as half a row.
//
// Rows are in the table when `flush` has been called, in the order in which they were added. It belongs to a transaction: what is
// rolled back must be forgotten here as well.
import type { Database, Statement } from './database.ts';

export type Value = string | number | null;

const together = 16;

const insertOf = (into: string, columns: number, rows: number): string => {
  const row = `(${Array(columns).fill('?').join(', ')})`;
  return `INSERT INTO ${into} VALUES ${Array(rows).fill(row).join(', ')}`;
};

export class RowWriter {
  readonly #columns: number;
  readonly #one: Statement;
  readonly #many: Statement;
  #values: Value[] = [];

  /** `into` is a table, with or without the names of its columns. */
  constructor(database: Database, into: string, columns: number) {
    this.#columns = columns;
    this.#one = database.prepare(insertOf(into, columns, 1));
    this.#many = database.prepare(insertOf(into, columns, together));
  }

  add(row: readonly Value[]): void {
    this.#values.push(...row);
    if (this.#values.length < together * this.#columns) return;
    this.#many.run(...this.#values);
    this.#values = [];
  }

  flush(): void {
    for (let at = 0; at < this.#values.length; at += this.#columns) this.#one.run(...this.#values.slice(at, at + this.#columns));
    this.#values = [];
  }

  forget(): void {
    this.#values = [];
  }
}
