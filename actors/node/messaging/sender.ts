// Decides what of the outbox is published next, and again. It reads the outbox, and deletes from it what the server has
// applied; time comes as an argument, and publishing is its caller's.
//
// A row of the report lane:
//   waiting    in the outbox, beyond the cursor of its stream.
//   published  in a flight (the rows of one frame); the broker has not answered yet.
//   sent       confirmed by the broker, not yet applied by the server. Confirmed is not delivered: a broker may lose it or
//              set it aside, and the server's store may be restored. So it stays in the outbox.
//   due        to be published again: the publish failed, the server asked, or the server was silent for too long. What
//              failed is published again by whole frames, however it came.
//   gone       applied by the server, and only then deleted.
//
// Only the silence on the oldest flight is timed (5 s, doubling to 60 s): while a server is down, a node adds one frame
// after another to the server's queue, not its whole window. Once the oldest is answered, the next overdue one follows at
// once. `connected` forgets all flights and begins again at the oldest row.
//
// It never deletes at a confirm, and never makes up a tombstone but for what the server asked for and nothing can bring.
import type { Clock } from '../../../effects/clock.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import { limits } from '../../../protocol/limits.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { PublishOutcome } from '../../../transport/port.ts';
import type { Outbox, OutboxStream } from './ports.ts';
import { Flights, frameBytes, type EventBatch } from './sender-flights.ts';
import { UserLane, type UserRow } from './sender-user.ts';
import { tombstone } from './tombstone.ts';

export type { EventBatch } from './sender-flights.ts';
export type { UserRow } from './sender-user.ts';

export interface SenderPorts {
  readonly outbox: Pick<Outbox, 'streams' | 'find' | 'read' | 'applied' | 'release'>;
  /** For the wall clock in events; deadlines come with `now`. */
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
}

/** Sequences of a stream that no row stands for any more. */
interface Missing {
  readonly stream: OutboxStream;
  readonly from: number;
  readonly to: number;
}

/** Ranges that wait to be answered with a tombstone; what is beyond is asked for again. */
const missingRanges = 1_000;

const missingReason = 'the node has it no longer: it was applied before, or node or server was restored from an older copy';

/** `now` is monotonic milliseconds throughout. */
export class Sender {
  readonly #ports: SenderPorts;
  readonly #user: UserLane;
  readonly #flights = new Flights();
  /** The last sequence of each stream that is in a flight or was in one. */
  readonly #cursors = new Map<string, number>();
  #missing: Missing[] = [];

  constructor(ports: SenderPorts) {
    this.#ports = ports;
    this.#user = new UserLane(ports);
  }

  /** What to publish now, to be reported to `settled`; asked until it is undefined. */
  next(now: number): EventBatch | undefined {
    const missing = this.#missing.shift();
    if (missing !== undefined) return this.#tombstone(missing);
    for (let flight = this.#flights.due(now); flight !== undefined; flight = this.#flights.due(now)) {
      const { stream, after, first, through } = flight;
      // Read again: some of it may be applied by now, and some may have given way to a tombstone.
      const found = this.#ports.outbox.read(stream, 'report', first, { rows: limits.eventsPerFrame, bytes: Infinity });
      const batch = { stream, after, rows: found.filter(({ sequence }) => sequence <= through) };
      if (batch.rows.length > 0) {
        this.#flights.publishAgain(flight, batch);
        return batch;
      }
      this.#flights.drop(flight);
    }
    return this.#flights.hasRoom ? this.#nextWaiting() : undefined;
  }

  settled(batch: EventBatch, outcome: PublishOutcome['outcome'], now: number): void {
    this.#flights.settled(batch, outcome, now);
  }

  /** The server has applied a stream's report lane up to `sequence`. Resolves when that is deleted. */
  async applied(stream: string, sequence: number): Promise<Result<void>> {
    const current = this.#ports.outbox.streams().at(-1);
    if (current?.stream === stream && sequence > current.last.report) return ok(undefined);
    const deleted = await this.#ports.outbox.applied(stream, 'report', sequence);
    // Otherwise the rows are still there: their flights stay, and the answer to the next attempt tries again.
    if (deleted.ok) this.#flights.applied(stream, sequence);
    return deleted;
  }

  /** The server misses `from` to `to` of a stream's report lane. */
  resend(name: string, from: number, to: number): void {
    const stream = this.#ports.outbox.find(name);
    if (stream === undefined) return;
    const last = Math.min(to, this.#horizon(stream));
    this.#flights.ask(name, from, last);
    let next = from;
    while (next <= last) {
      const rows = this.#ports.outbox.read(name, 'report', next, { rows: limits.eventsPerFrame, bytes: frameBytes });
      for (const row of rows) {
        if (row.sequence > next) this.#miss({ stream, from: next, to: Math.min(last, row.sequence - 1) });
        next = row.through + 1;
        if (next > last) break;
      }
      if (rows.length === 0) {
        this.#miss({ stream, from: next, to: last });
        break;
      }
    }
  }

  /** There is a new connection: everything unapplied is sent again, from the oldest on. */
  connected(): void {
    this.#flights.clear();
    this.#cursors.clear();
    this.#missing = [];
    this.#user.connected();
  }

  /** The next message of the user lane to publish, to be reported to `settledUser`. */
  nextUser(now: number): UserRow | undefined {
    return this.#user.next(now);
  }

  settledUser(row: UserRow, outcome: PublishOutcome['outcome'], now: number): Promise<Result<void>> {
    return this.#user.settled(row, outcome, now);
  }

  /** When `next` or `nextUser` may have more without anything else happening; undefined for never. */
  wakeAt(): number | undefined {
    const times = [this.#flights.wakeAt(), this.#user.wakeAt()].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #nextWaiting(): EventBatch | undefined {
    const streams = this.#ports.outbox.streams();
    for (const name of this.#cursors.keys()) {
      if (!streams.some(({ stream }) => stream === name)) this.#cursors.delete(name);
    }
    for (const { stream, after, last } of streams) {
      const cursor = this.#cursors.get(stream) ?? 0;
      if (cursor >= last.report) continue;
      const rows = this.#ports.outbox.read(stream, 'report', cursor + 1, { rows: limits.eventsPerFrame, bytes: frameBytes });
      this.#cursors.set(stream, rows.at(-1)?.through ?? last.report);
      if (rows.length === 0) continue;
      const batch = { stream, after, rows };
      this.#flights.start(batch);
      return batch;
    }
    return undefined;
  }

  /**
   * How far a request can be answered for good. What is beyond the cursor comes by itself. A stream of an earlier opening
   * that is sent to its end will never grow: what the server misses of it, even beyond the end that this file knows (the
   * file was restored from a copy), is lost.
   */
  #horizon({ stream, last }: OutboxStream): number {
    const streams = this.#ports.outbox.streams();
    if (!streams.some((other) => other.stream === stream)) return Infinity;
    const cursor = this.#cursors.get(stream) ?? 0;
    return stream === streams.at(-1)?.stream || cursor < last.report ? cursor : Infinity;
  }

  #miss(missing: Missing): void {
    const known = this.#missing.some(({ stream, from, to }) => stream.stream === missing.stream.stream && from === missing.from && to === missing.to);
    if (!known && this.#missing.length < missingRanges) this.#missing.push(missing);
  }

  /** Not a flight: should it be lost, the server asks again. */
  #tombstone({ stream, from, to }: Missing): EventBatch {
    const at = this.#ports.clock.now();
    const payload = tombstone({ id: uuid7(at, this.#ports.random), at, from, to, reason: missingReason });
    return { stream: stream.stream, after: stream.after, rows: [{ sequence: from, through: to, payload }] };
  }
}
