// The flights of a sender: what was published of the report lane and is not yet applied, in order of first publication.
//
//   published --confirmed--> sent --server silent too long (oldest only), or asks--> due --> published
//   published --any other outcome--> due, after a pause
//   any --applied--> gone
//
// Neighbours that wait out a failed publish become one flight, as far as a frame takes them: while nobody takes reports,
// what came row by row is not retried row by row. It never joins flights across one that the broker has taken.
import { limits } from '../../../protocol/limits.ts';
import type { PublishOutcome } from '../../../transport/port.ts';
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

/**
 * A frame takes so many bytes of events, or one larger event. A whole frame stays below 128 KiB: beyond that V8 keeps a text apart,
 * where to make one costs several times as much a byte, and AMQP cuts the body.
 */
export const frameBytes = 96 * 1024;

/** What may be published and not applied at a time; one frame may pass it. */
const windowRows = 4_096;
const windowBytes = 8 * 1024 * 1024;
/** Frames whose publish is not answered at a time: as many as the transport actor publishes at once. More would only wait there, and be turned away. */
const windowFrames = 256;

/** How long the oldest flight may stay without an answer of the server, and after a failed publish; both double. */
const silenceMs = { first: 5_000, most: 60_000 } as const;
const failureMs = { first: 500, most: 15_000 } as const;

/** The pause before another attempt, milliseconds: doubles with every attempt made. */
export const pauseAfter = (attempts: number, { first, most }: { readonly first: number; readonly most: number } = failureMs): number =>
  Math.min(most, first * 2 ** attempts);

/** What was asked for is due since time 0, so it does not wait. */
const waitsOutFailure = ({ state, again }: Flight, now: number): boolean => state === 'due' && again > now;

/** What comes after cannot be applied before, so it waits as long. */
const joined = (before: Flight, flight: Flight): Flight => ({
  ...before,
  through: flight.through,
  rows: before.rows + flight.rows,
  bytes: before.bytes + flight.bytes,
});

const fitOneFrame = (before: Flight, flight: Flight): boolean =>
  before.stream === flight.stream && before.rows + flight.rows <= limits.eventsPerFrame && before.bytes + flight.bytes <= frameBytes;

export class Flights {
  #flights: Flight[] = [];
  /** What is under way, by the batch that was given out: there may be thousands, and each is answered by itself. */
  readonly #published = new Map<EventBatch, Flight>();
  #rows = 0;
  #bytes = 0;
  #due = 0;

  get hasRoom(): boolean {
    return this.#mayPublish && this.#rows < windowRows && this.#bytes < windowBytes;
  }

  get #mayPublish(): boolean {
    return this.#published.size < windowFrames;
  }

  start(batch: EventBatch): void {
    const flight: Flight = {
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
    };
    this.#flights.push(flight);
    this.#published.set(batch, flight);
    this.#rows += flight.rows;
    this.#bytes += flight.bytes;
  }

  /** A flight that is to be published again now: one that is due, or the oldest when the server was silent for too long. */
  due(now: number): Flight | undefined {
    return this.#timed().find(({ again }) => again <= now);
  }

  publishAgain(flight: Flight, batch: EventBatch): void {
    this.#move(flight, 'published');
    flight.batch = batch;
    this.#published.set(batch, flight);
    flight.attempts += 1;
  }

  /** The broker's answer to a batch; one that is no longer under way is ignored. */
  settled(batch: EventBatch, outcome: PublishOutcome['outcome'], now: number): void {
    const flight = this.#published.get(batch);
    if (flight === undefined) return;
    const confirmed = outcome === 'confirmed';
    this.#move(flight, confirmed ? 'sent' : 'due');
    this.#published.delete(batch);
    flight.batch = undefined;
    flight.again = now + pauseAfter(flight.attempts, confirmed ? silenceMs : failureMs);
    if (!confirmed) this.#join(now);
  }

  /** The server misses part of a stream: what was sent of it is due at once. */
  ask(stream: string, from: number, to: number): void {
    for (const flight of this.#flights) {
      if (flight.stream !== stream || flight.state !== 'sent' || flight.through < from || flight.first > to) continue;
      this.#move(flight, 'due');
      flight.again = 0;
    }
  }

  /** The server has applied a stream up to `sequence`. */
  applied(stream: string, sequence: number): void {
    this.#keep((flight) => flight.stream !== stream || flight.through > sequence);
  }

  drop(flight: Flight): void {
    this.#keep((other) => other !== flight);
  }

  clear(): void {
    this.#keep(() => false);
  }

  /** When `due` has something next, monotonic milliseconds; undefined while nothing waits for time. */
  wakeAt(): number | undefined {
    const times = this.#timed().map(({ again }) => again);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Those that wait for time: all that are due, and the oldest while it is sent. Mostly nothing is due, and none is looked for. */
  #timed(): readonly Flight[] {
    if (!this.#mayPublish) return [];
    const [oldest] = this.#flights;
    if (this.#due === 0) return oldest?.state === 'sent' ? [oldest] : [];
    return this.#flights.filter((flight) => flight.state === 'due' || (flight.state === 'sent' && flight === oldest));
  }

  #move(flight: Flight, state: Flight['state']): void {
    this.#due += Number(state === 'due') - Number(flight.state === 'due');
    flight.state = state;
  }

  #keep(wanted: (flight: Flight) => boolean): void {
    this.#flights = this.#flights.filter((flight) => {
      if (wanted(flight)) return true;
      this.#rows -= flight.rows;
      this.#bytes -= flight.bytes;
      this.#due -= Number(flight.state === 'due');
      if (flight.batch !== undefined) this.#published.delete(flight.batch);
      return false;
    });
  }

  /** Two that become one are two that were due. */
  #join(now: number): void {
    const flights: Flight[] = [];
    for (const flight of this.#flights) {
      const before = flights.at(-1);
      const joins = before !== undefined && waitsOutFailure(before, now) && waitsOutFailure(flight, now) && fitOneFrame(before, flight);
      if (!joins) flights.push(flight);
      else {
        flights.splice(-1, 1, joined(before, flight));
        this.#due -= 1;
      }
    }
    this.#flights = flights;
  }
}
