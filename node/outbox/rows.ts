// The rows of an outbox. A row leaves in one of three ways: the server applied it, it was released (user lane), or it gave
// way for lack of room. In the last case a tombstone takes its place, merged with a tombstone right before or after it, so
// that there is never more than one between two rows that stay: tombstones need no bound of their own.
import { tombstone } from '../../actors/node/messaging/tombstone.ts';
import type { Lane, OutboxDepth, OutboxRow } from '../../actors/node/messaging/ports.ts';
import { columnsOf, integer, integerOf, text, type Row } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';
import { RowWriter } from '../../storage/row-writer.ts';
import { Room } from './room.ts';
import { laneNumber, standing, type Standing } from './schema.ts';

export interface NewRow {
  readonly ordinal: number;
  readonly lane: Lane;
  readonly sequence: number;
  readonly standing: Standing;
  readonly bytes: number;
  readonly payload: string;
}

/** What a tombstone is stamped with. */
export interface Stamp {
  readonly mintId: () => string;
  /** Wall clock, milliseconds since the epoch. */
  readonly now: () => number;
}

const standingOf = (row: Row): Standing => {
  const value = integerOf(row, 'standing');
  return Object.values(standing).find((known) => known === value) ?? standing.stays;
};

const tombstoneOnly = (row: Row | undefined): Row | undefined =>
  row !== undefined && standingOf(row) === standing.tombstone ? row : undefined;

export class Rows {
  /** How full it is. */
  readonly room: Room;
  readonly #stamp: Stamp;
  readonly #insert: RowWriter;
  readonly #read: Statement;
  readonly #sumThrough: Statement;
  readonly #deleteThrough: Statement;
  readonly #one: Statement;
  readonly #oldest: Statement;
  readonly #endingAt: Statement;
  readonly #delete: Statement;
  /** Rises with every row; rows are thus in order of acceptance. */
  #position: number;
  /** Before this position no row gives way at a standing. It only rises, so looking for the oldest costs no index. */
  #passed: Partial<Record<Standing, number>> = {};
  #passedBefore: Partial<Record<Standing, number>> = {};

  constructor(database: Database, limit: OutboxDepth, stamp: Stamp) {
    this.#stamp = stamp;
    this.#insert = new RowWriter(database, 'rows (position, ordinal, lane, sequence, through, standing, bytes, payload)', 8);
    // A tombstone that starts before the wanted sequence may reach beyond it.
    this.#read = database.prepare(`
      SELECT sequence, through, bytes, payload FROM rows WHERE ordinal = ?1 AND lane = ?2 AND through >= ?3 AND sequence >= ifnull(
        (SELECT sequence FROM rows WHERE ordinal = ?1 AND lane = ?2 AND sequence <= ?3 ORDER BY sequence DESC LIMIT 1), ?3
      ) ORDER BY sequence LIMIT ?4
    `);
    // All that is published is read here: rows as lists cost half.
    this.#read.setReturnArrays(true);
    const through = 'ordinal = ? AND lane = ? AND sequence <= ? AND through <= ?';
    this.#sumThrough = database.prepare(`SELECT standing, count(*) AS rows, sum(bytes) AS bytes FROM rows WHERE ${through} GROUP BY standing`);
    this.#deleteThrough = database.prepare(`DELETE FROM rows WHERE ${through}`);
    const columns = 'position, ordinal, sequence, through, standing, bytes';
    this.#one = database.prepare(`SELECT ${columns} FROM rows WHERE ordinal = ? AND lane = ? AND sequence = ?`);
    this.#oldest = database.prepare(`SELECT ${columns} FROM rows WHERE standing = ? AND position >= ? ORDER BY position LIMIT 1`);
    this.#endingAt = database.prepare(
      `SELECT ${columns} FROM rows WHERE ordinal = ?1 AND lane = ?2 AND sequence <= ?3 AND through = ?3 ORDER BY sequence DESC LIMIT 1`,
    );
    this.#delete = database.prepare('DELETE FROM rows WHERE position = ?');
    this.#position = integerOf(database.prepare('SELECT ifnull(max(position), 0) AS position FROM rows').get(), 'position');
    this.room = new Room(limit);
    const shares = database.prepare('SELECT standing, count(*) AS rows, sum(bytes) AS bytes FROM rows GROUP BY standing');
    for (const row of shares.all()) this.room.count(standingOf(row), integerOf(row, 'rows'), integerOf(row, 'bytes'));
  }

  /** Adds a row, to be there for the methods below when `flush` has been called. */
  add(row: NewRow): void {
    this.#write(row, row.sequence);
  }

  flush(): void {
    this.#insert.flush();
  }

  /** Rows that stand for `from` and what follows, until `limit` is passed; at least one if there is one. */
  read(ordinal: number, lane: Lane, from: number, limit: OutboxDepth): readonly OutboxRow[] {
    const rows: OutboxRow[] = [];
    let bytes = 0;
    for (const row of this.#read.iterate(ordinal, laneNumber[lane], from, limit.rows)) {
      const [sequence, through, size, payload] = columnsOf(row);
      bytes += integer(size);
      if (rows.length > 0 && bytes > limit.bytes) break;
      rows.push({ sequence: integer(sequence), through: integer(through), payload: text(payload) });
    }
    return rows;
  }

  /** Deletes what is covered up to `sequence`; whether there was anything. */
  deleteThrough(ordinal: number, lane: Lane, sequence: number): boolean {
    const key = [ordinal, laneNumber[lane], sequence, sequence];
    const shares = this.#sumThrough.all(...key);
    if (shares.length > 0) this.#deleteThrough.run(...key);
    for (const row of shares) this.room.count(standingOf(row), -integerOf(row, 'rows'), -integerOf(row, 'bytes'));
    return shares.length > 0;
  }

  /** Whether the row was there. */
  deleteOne(ordinal: number, lane: Lane, sequence: number): boolean {
    const row = this.#one.get(ordinal, laneNumber[lane], sequence);
    if (row !== undefined) this.#remove(row);
    return row !== undefined;
  }

  /** Makes room for `more` by letting rows of a standing up to `last` give way, oldest first; false, and nothing done, when that is not enough. */
  makeRoom(more: OutboxDepth, last: Standing): boolean {
    let lack = this.room.lacking(more);
    if (!this.room.canYield(lack, last)) return false;
    while (lack.rows > 0 || lack.bytes > 0) {
      this.#giveWay(this.#oldestOf(this.room.readiest));
      lack = this.room.lacking(more);
    }
    return true;
  }

  #giveWay(row: Row | undefined): void {
    const ordinal = integerOf(row, 'ordinal');
    const before = tombstoneOnly(this.#endingAt.get(ordinal, laneNumber.report, integerOf(row, 'sequence') - 1));
    const after = tombstoneOnly(this.#one.get(ordinal, laneNumber.report, integerOf(row, 'through') + 1));
    const from = integerOf(before ?? row, 'sequence');
    const to = integerOf(after ?? row, 'through');
    for (const gone of [before, row, after]) if (gone !== undefined) this.#remove(gone);
    const { mintId, now } = this.#stamp;
    const payload = tombstone({ id: mintId(), at: now(), from, to, reason: 'the outbox was full' });
    const bytes = Buffer.byteLength(payload);
    this.#write({ ordinal, lane: 'report', sequence: from, standing: standing.tombstone, bytes, payload }, to);
    this.flush();
  }

  begun(): void {
    this.room.begun();
    this.#passedBefore = { ...this.#passed };
  }

  rolledBack(): void {
    this.#insert.forget();
    this.room.rolledBack();
    this.#passed = { ...this.#passedBefore };
  }

  #oldestOf(of: Standing): Row | undefined {
    const row = this.#oldest.get(of, this.#passed[of] ?? 0);
    this.#passed[of] = integerOf(row, 'position');
    return row;
  }

  #write(row: NewRow, through: number): void {
    this.#position += 1;
    this.#insert.add([this.#position, row.ordinal, laneNumber[row.lane], row.sequence, through, row.standing, row.bytes, row.payload]);
    this.room.count(row.standing, 1, row.bytes);
  }

  #remove(row: Row): void {
    this.#delete.run(integerOf(row, 'position'));
    this.room.count(standingOf(row), -1, -integerOf(row, 'bytes'));
  }
}
