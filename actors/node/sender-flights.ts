// The flights of a sender: what was published of the report lane and is not yet applied, in order of first publication.
//
//   published --confirmed--> sent --server silent too long (oldest only), or asks--> due --> published
//   published --any other outcome--> due, after a pause
//   any --applied--> gone
import type { PublishOutcome } from '../../transport/port.ts';
import type { OutboxRow, OutboxStream } from './ports.ts';

/** The rows of one frame. */
export interface EventBatch {
  readonly stream: string;
  readonly after: OutboxStream['after'];
  readonly rows: readonly OutboxRow[];
}

export interface Flight {
  readonly stream: string;
  readonly after: OutboxStream['after'];
  readonly first: number;
  readonly through: number;
  readonly rows: number;
  readonly bytes: number;
  state: 'published' | 'sent' | 'due';
  /** What is under way, while published. */
  batch: EventBatch | undefined;
  /** When it is published again, monotonic milliseconds. */
  again: number;
  attempts: number;
}

/** What may be published and not applied at a time; one frame may pass it. */
const windowRows = 4_096;
const windowBytes = 8 * 1024 * 1024;

/** How long the oldest flight may stay without an answer of the server, and after a failed publish; both double. */
const silenceMs = { first: 5_000, most: 60_000 } as const;
const failureMs = { first: 500, most: 15_000 } as const;

/** The pause before another attempt, milliseconds: doubles with every attempt made. */
export const pauseAfter = (attempts: number, { first, most }: { readonly first: number; readonly most: number } = failureMs): number =>
  Math.min(most, first * 2 ** attempts);

export class Flights {
  #flights: Flight[] = [];

  get hasRoom(): boolean {
    const rows = this.#flights.reduce((sum, flight) => sum + flight.rows, 0);
    const bytes = this.#flights.reduce((sum, flight) => sum + flight.bytes, 0);
    return rows < windowRows && bytes < windowBytes;
  }

  start(batch: EventBatch): void {
    this.#flights.push({
      stream: batch.stream,
      after: batch.after,
      first: batch.rows[0]?.sequence ?? 0,
      through: batch.rows.at(-1)?.through ?? 0,
      rows: batch.rows.length,
      bytes: batch.rows.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0),
      state: 'published',
      batch,
      again: 0,
      attempts: 0,
    });
  }

  /** A flight that is to be published again now: one that is due, or the oldest when the server was silent for too long. */
  due(now: number): Flight | undefined {
    return this.#flights.find((flight, index) => (flight.state === 'due' || (flight.state === 'sent' && index === 0)) && flight.again <= now);
  }

  publishAgain(flight: Flight, batch: EventBatch): void {
    flight.state = 'published';
    flight.batch = batch;
    flight.attempts += 1;
  }

  /** The broker's answer to a batch; one that is no longer under way is ignored. */
  settled(batch: EventBatch, outcome: PublishOutcome['outcome'], now: number): void {
    const flight = this.#flights.find((other) => other.batch === batch);
    if (flight === undefined) return;
    const confirmed = outcome === 'confirmed';
    flight.state = confirmed ? 'sent' : 'due';
    flight.batch = undefined;
    flight.again = now + pauseAfter(flight.attempts, confirmed ? silenceMs : failureMs);
  }

  /** The server misses part of a stream: what was sent of it is due at once. */
  ask(stream: string, from: number, to: number): void {
    for (const flight of this.#flights) {
      if (flight.stream !== stream || flight.state !== 'sent' || flight.through < from || flight.first > to) continue;
      flight.state = 'due';
      flight.again = 0;
    }
  }

  /** The server has applied a stream up to `sequence`. */
  applied(stream: string, sequence: number): void {
    this.#flights = this.#flights.filter((flight) => flight.stream !== stream || flight.through > sequence);
  }

  drop(flight: Flight): void {
    this.#flights = this.#flights.filter((other) => other !== flight);
  }

  clear(): void {
    this.#flights = [];
  }

  /** When `due` has something next, monotonic milliseconds; undefined while nothing waits for time. */
  wakeAt(): number | undefined {
    const times = this.#flights.filter(({ state }, index) => state === 'due' || (state === 'sent' && index === 0)).map(({ again }) => again);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
