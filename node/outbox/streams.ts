// The streams of an outbox: one an opening, each with its predecessor.
//
//   current     minted when the file was opened; the only one that grows.
//   holding     of an earlier opening, and rows of it still wait.
//   remembered  of an earlier opening, without rows: kept so that a server restored from an old copy, which asks for what
//               came before, gets an answer. The oldest beyond `remembered` are forgotten.
//
// A stream that gave nothing out in the report lane is nobody's predecessor: naming it would say nothing about the one
// before it. A stream never gives a sequence out twice, because no opening continues the stream of another.
import type { Lane, OutboxStream } from '../../actors/node/messaging/ports.ts';
import { integerOf, optionalTextOf, textOf, type Row } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';
import { laneNumber } from './schema.ts';

interface StreamRecord extends OutboxStream {
  readonly ordinal: number;
  holding: boolean;
}

const remembered = 100;

export class Streams {
  /** The sequences given out in the current stream. */
  readonly last: Record<Lane, number> = { report: 0, user: 0 };
  readonly #earlier: StreamRecord[] = [];
  readonly #current: StreamRecord;
  readonly #holds: Statement;
  readonly #save: Statement;
  #lastBefore: Readonly<Record<Lane, number>> = { report: 0, user: 0 };

  /** Loads the streams of the file and begins a new one under the name `stream`, in the caller's transaction. */
  constructor(database: Database, stream: string) {
    this.#holds = database.prepare('SELECT 1 FROM rows WHERE ordinal = ? LIMIT 1');
    this.#save = database.prepare('UPDATE streams SET report = ?, user = ? WHERE ordinal = ?');
    settle(database);
    let ordinal = 0;
    for (const row of database.prepare('SELECT * FROM streams ORDER BY ordinal').all()) {
      ordinal = integerOf(row, 'ordinal');
      this.#earlier.push({
        ordinal,
        stream: textOf(row, 'stream'),
        after: this.#predecessor(row),
        last: { report: integerOf(row, 'report'), user: integerOf(row, 'user') },
        holding: this.hasRows(ordinal),
      });
    }
    const before = this.#earlier.findLast(({ last }) => last.report > 0);
    const after = before === undefined ? undefined : { stream: before.stream, sequence: before.last.report };
    this.#current = { ordinal: ordinal + 1, stream, after, last: this.last, holding: true };
    database
      .prepare('INSERT INTO streams VALUES (?, ?, ?, ?, 0, 0)')
      .run(this.#current.ordinal, stream, after?.stream ?? null, after?.sequence ?? null);
  }

  get current(): { readonly ordinal: number; readonly stream: string } {
    return this.#current;
  }

  /** The current stream and those that hold rows; oldest first. */
  list(): readonly OutboxStream[] {
    return [...this.#earlier.filter(({ holding }) => holding), { ...this.#current, last: { ...this.last } }];
  }

  find(stream: string): (OutboxStream & { readonly ordinal: number }) | undefined {
    return stream === this.#current.stream ? this.#current : this.#earlier.find((other) => other.stream === stream);
  }

  hasRows(ordinal: number): boolean {
    return this.#holds.get(ordinal) !== undefined;
  }

  /** Takes note, after a commit, whether a stream still holds rows. */
  note(ordinal: number, holding: boolean): void {
    const record = this.#earlier.find((other) => other.ordinal === ordinal);
    if (record !== undefined) record.holding = holding;
  }

  /** Writes the last sequences down, when rows of the current stream are deleted: as long as they are there they tell it. */
  save(): void {
    this.#save.run(this.last.report, this.last.user, this.#current.ordinal);
  }

  begun(): void {
    this.#lastBefore = { ...this.last };
  }

  rolledBack(): void {
    Object.assign(this.last, this.#lastBefore);
  }

  /** Undefined as well when the predecessor is forgotten: then nobody can be asked to wait for it. */
  #predecessor(row: Row): OutboxStream['after'] {
    const stream = optionalTextOf(row, 'after_stream');
    if (stream === undefined || !this.#earlier.some((other) => other.stream === stream)) return undefined;
    return { stream, sequence: integerOf(row, 'after_sequence') };
  }
}

/** Writes down where the last opening ended, then forgets streams without rows: those that gave nothing out, and the oldest. */
const settle = (database: Database): void => {
  const rows = (lane: Lane): string => `SELECT through FROM rows WHERE rows.ordinal = streams.ordinal AND lane = ${laneNumber[lane]}`;
  const last = (lane: Lane): string => `max(${lane}, ifnull((${rows(lane)} ORDER BY sequence DESC LIMIT 1), 0))`;
  database.exec(`
    UPDATE streams SET report = ${last('report')}, user = ${last('user')};
    DELETE FROM streams WHERE NOT EXISTS (SELECT 1 FROM rows WHERE rows.ordinal = streams.ordinal) AND ordinal NOT IN (
      SELECT ordinal FROM streams WHERE report > 0 ORDER BY ordinal DESC LIMIT ${remembered}
    )
  `);
};
