// Frames of events in line for the intake, in order of arrival, and when they are taken.
//
//   quiet   what comes is taken when the mailbox has come to an end: what comes together is stored together.
//   busy    the last take brought many events, so more are on their way: what comes is gathered for a moment, up to a bound, for
//           a commit costs the disk the same however much is in it. Nobody waits: what nodes report was accepted before.
import type { EventsArrived } from './transport.ts';

/** A take of so many events is followed by others. */
const many = 32;
/** The longest time between two takes while it is busy, milliseconds. */
const gatherMs = 20;
/** So much is taken at once. Fewer frames than the broker delivers before it waits to hear of them. */
const mostFrames = 96;
const mostEvents = 2_048;
const mostBytes = 16 * 1024 * 1024;

export class Line {
  #frames: EventsArrived[] = [];
  #events = 0;
  #bytes = 0;
  #busyUntil = 0;

  /** Whether there is as much as is taken at once. */
  get isFull(): boolean {
    return this.#frames.length >= mostFrames || this.#events >= mostEvents || this.#bytes >= mostBytes;
  }

  /** True for the first: the line is to be taken after `waitMs`. */
  add(arrived: EventsArrived): boolean {
    this.#events += arrived.frame.body.entries.length;
    this.#bytes += arrived.bytes;
    return this.#frames.push(arrived) === 1;
  }

  /** How long a line that begins now is gathered; 0: until what came with it is in the line. `now`: monotonic milliseconds. */
  waitMs(now: number): number {
    return Math.max(0, this.#busyUntil - now);
  }

  take(now: number): readonly EventsArrived[] {
    const taken = this.#frames;
    this.#busyUntil = this.#events >= many ? now + gatherMs : 0;
    this.#frames = [];
    this.#events = 0;
    this.#bytes = 0;
    return taken;
  }
}
