// The log of events: appending at its end, dropping from its start, reading pages of it.
import type { EventQuery, IncomingEntry, StoredEvent } from '../../actors/server/ports.ts';
import { levels, priorities } from '../../protocol/events.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { integerOf, optionalTextOf, textOf, type Row } from '../../storage/columns.ts';
import type { Database, Statement } from '../../storage/database.ts';
import { RowWriter } from '../../storage/row-writer.ts';
import { describe } from './describe.ts';
import { rankOf } from './schema.ts';

/** Where an event comes from, as the tables number it and as readers know it. */
export interface Source extends NodeAddress {
  readonly nodeId: number;
  readonly streamId: number;
  readonly stream: string;
  readonly lane: string;
}

// CROSS JOIN keeps SQLite from beginning with another table than the log, whose order is the one wanted.
const select = `SELECT e.*, s.stream, s.lane, n.cluster, n.node FROM events e
  CROSS JOIN streams s ON s.stream_id = e.stream_id CROSS JOIN nodes n ON n.node_id = e.node_id`;

const someNodes = 'SELECT node_id FROM nodes WHERE cluster = ifnull(?, cluster) AND node = ifnull(?, node)';

const oneOf = <T extends string>(values: readonly T[], found: string, otherwise: T): T => values.find((value) => value === found) ?? otherwise;

const eventOf = (row: Row): StoredEvent => ({
  position: integerOf(row, 'position'),
  cluster: textOf(row, 'cluster'),
  node: textOf(row, 'node'),
  stream: textOf(row, 'stream'),
  lane: textOf(row, 'lane'),
  sequence: integerOf(row, 'sequence'),
  id: optionalTextOf(row, 'id'),
  kind: textOf(row, 'kind'),
  at: integerOf(row, 'at'),
  receivedAt: integerOf(row, 'received_at'),
  level: oneOf(levels, textOf(row, 'level'), 'warn'),
  priority: priorities[integerOf(row, 'rank')] ?? 'medium',
  message: textOf(row, 'message'),
  raw: textOf(row, 'raw'),
  problem: optionalTextOf(row, 'problem'),
});

/** Deleted together, for a little at every commit would cost every commit; and no more, for a lot would hold one up. */
const prunedTogether = 1_000;

/** A page ends with the event that brings it over so much JSON: a thousand of the largest events would be a gigabyte. */
export const pageLength = 1024 * 1024;

export class EventLog {
  readonly #database: Database;
  readonly #retention: number;
  readonly #rows: RowWriter;
  readonly #deleteBefore: Statement;
  readonly #nodeIds: Statement;
  readonly #queries = new Map<string, Statement>();
  /** Positions of the first and the last event; `newest` is one less than `oldest` while there is none. */
  #oldest: number;
  #newest: number;
  #before = { oldest: 1, newest: 0 };

  /** Keeps the newest `retention` events, and up to 1,000 more for a while. */
  constructor(database: Database, retention: number) {
    this.#database = database;
    this.#retention = retention;
    this.#rows = new RowWriter(database, 'events', 13);
    this.#deleteBefore = database.prepare('DELETE FROM events WHERE position < ?');
    this.#nodeIds = database.prepare(someNodes);
    const ends = database.prepare('SELECT ifnull(min(position), 1) AS oldest, ifnull(max(position), 0) AS newest FROM events').get();
    this.#oldest = integerOf(ends, 'oldest');
    this.#newest = integerOf(ends, 'newest');
  }

  /** The position of the first event that is kept. */
  get oldest(): number {
    return this.#oldest;
  }

  get count(): number {
    return this.#newest - this.#oldest + 1;
  }

  /** Appends an event, to be in the log when `flush` has been called. */
  append(source: Source, entry: IncomingEntry, receivedAt: number): StoredEvent {
    const { cluster, node, stream, lane, streamId, nodeId } = source;
    const { id, kind, at = receivedAt, level, priority, message, problem } = describe(entry);
    const { sequence, raw } = entry;
    this.#newest += 1;
    const position = this.#newest;
    this.#rows.add([position, streamId, nodeId, sequence, id ?? null, kind, at, receivedAt, level, rankOf(priority), message, raw, problem ?? null]);
    return { position, cluster, node, stream, lane, sequence, id, kind, at, receivedAt, level, priority, message, raw, problem };
  }

  flush(): void {
    this.#rows.flush();
  }

  query({ after, limit, cluster, node, priority = 'low' }: EventQuery): readonly StoredEvent[] {
    const conditions: string[] = [];
    const parameters: Array<string | number | null> = [];
    const where = (condition: string, ...values: typeof parameters): void => {
      conditions.push(condition);
      parameters.push(...values);
    };
    if (after !== undefined) where('e.position > ?', after);
    // The first half is the condition of the index, word for word, or SQLite would not use it.
    if (priority !== 'low') where(`e.rank >= ${rankOf('medium')} AND e.rank >= ${rankOf(priority)}`);
    if (cluster !== undefined || node !== undefined) {
      const names = [cluster ?? null, node ?? null];
      const ids = this.#nodeIds.all(...names).map((row) => integerOf(row, 'node_id'));
      const [only] = ids;
      if (only === undefined) return [];
      // One node has its index; for several the log is read in its order (`+` takes the index out of the choice).
      if (ids.length === 1) where('e.node_id = ?', only);
      else where(`+e.node_id IN (${someNodes})`, ...names);
    }
    const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const order = after === undefined ? 'DESC' : 'ASC';
    const events: StoredEvent[] = [];
    let bytes = 0;
    for (const row of this.#prepare(`${select} ${filter} ORDER BY e.position ${order} LIMIT ?`).iterate(...parameters, limit)) {
      const event = eventOf(row);
      events.push(event);
      bytes += event.raw.length;
      if (bytes > pageLength) break;
    }
    return after === undefined ? events.toReversed() : events;
  }

  begun(): void {
    this.#before = { oldest: this.#oldest, newest: this.#newest };
  }

  committing(): void {
    const excess = this.count - this.#retention;
    if (excess < Math.min(prunedTogether, this.#retention)) return;
    const added = this.#newest - this.#before.newest;
    this.#oldest += Math.min(excess, added + prunedTogether);
    this.#deleteBefore.run(this.#oldest);
  }

  rolledBack(): void {
    this.#rows.forget();
    this.#oldest = this.#before.oldest;
    this.#newest = this.#before.newest;
  }

  /** Few forms of a query exist; each is compiled once. */
  #prepare(sql: string): Statement {
    const found = this.#queries.get(sql) ?? this.#database.prepare(sql);
    this.#queries.set(sql, found);
    return found;
  }
}
