// Publishes that have no outcome yet, oldest first.
//
// A flight begins with its publish and lands once, with the first outcome it is given; what comes later does nothing. One
// that has no outcome when its time is up lands as `unconfirmed`. One timer, set for the oldest, serves them all: outcomes
// come nearly in order, and a timer a publish would cost more than the publish. A flight that has landed lets its message go.
import type { Cancel, Clock } from '../effects/clock.ts';
import type { InFlight } from './in-flight.ts';
import type { OutgoingMessage, PublishOutcome } from './port.ts';

export type Outcome = PublishOutcome['outcome'];

/** With bytes and headers of its own: it is sent a turn later, and the owner may change his meanwhile. */
const ownCopy = (message: OutgoingMessage): OutgoingMessage => {
  const copy = { ...message, body: Buffer.from(message.body) };
  return message.headers === undefined ? copy : { ...copy, headers: { ...message.headers } };
};

export class Flight {
  readonly type = 'publish';
  readonly dueAt: number;
  readonly #flights: Flights;
  readonly #answer: (outcome: PublishOutcome) => void;
  #message: OutgoingMessage | undefined;
  older: Flight | undefined;
  newer: Flight | undefined;

  constructor(flights: Flights, message: OutgoingMessage, dueAt: number, answer: (outcome: PublishOutcome) => void) {
    this.#flights = flights;
    this.#message = message;
    this.dueAt = dueAt;
    this.#answer = answer;
  }

  /** Undefined once it has landed. */
  get message(): OutgoingMessage | undefined {
    return this.#message;
  }

  land(outcome: Outcome): void {
    if (this.#message === undefined) return;
    this.#message = undefined;
    this.#flights.landed(this);
    this.#answer({ outcome });
  }
}

export class Flights {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #bound: InFlight;
  #oldest: Flight | undefined;
  #newest: Flight | undefined;
  #cancelTimer: Cancel | undefined;

  constructor(clock: Clock, timeoutMs: number, bound: InFlight) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#bound = bound;
  }

  begin(message: OutgoingMessage, answer: (outcome: PublishOutcome) => void): Flight {
    const flight = new Flight(this, ownCopy(message), this.#clock.monotonic() + this.#timeoutMs, answer);
    flight.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = flight;
    else this.#newest.newer = flight;
    this.#newest = flight;
    this.#bound.begin();
    this.#cancelTimer ??= this.#clock.after(this.#timeoutMs, () => this.#sweep());
    return flight;
  }

  /** Called by a flight. */
  landed({ newer, older }: Flight): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    this.#bound.end();
  }

  /** Nobody waits for the broker's answers any more. */
  abandon(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#landWhile(() => true, 'closed');
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    this.#landWhile(({ dueAt }) => dueAt <= now, 'unconfirmed');
    const next = this.#oldest;
    this.#cancelTimer = next === undefined ? undefined : this.#clock.after(next.dueAt - now, () => this.#sweep());
  }

  #landWhile(due: (flight: Flight) => boolean, outcome: Outcome): void {
    for (let flight = this.#oldest; flight !== undefined && due(flight); flight = this.#oldest) flight.land(outcome);
  }
}
