// What a turn moves, and how it is counted: from the first publish until each message is confirmed, delivered and acknowledged.
import { systemClock } from '../../effects/clock.ts';
import { systemRandom } from '../../effects/random.ts';

export const windowMessages = 1_000;
export const prefetch = 200;
/** An acknowledgement that covers so many deliveries costs a broker one message. */
export const ackEvery = 50;
/** One event. */
export const eventBytes = 256;

export const opaqueBody = (bytes: number): Buffer => Buffer.from(systemRandom.bytes(bytes));

/** Counts to `goal` on both ends; resolves with what was counted a second. */
export class Tally {
  readonly #goal: number;
  readonly #ended = Promise.withResolvers<void>();
  #begun = 0;
  #confirmed = 0;
  #received = 0;

  constructor(goal: number) {
    this.#goal = goal;
  }

  confirmed(count = 1): void {
    this.#confirmed += count;
    this.#look();
  }

  /** How many were received so far. */
  received(count = 1): number {
    this.#received += count;
    this.#look();
    return this.#received;
  }

  fail(error: unknown): void {
    this.#ended.reject(error);
  }

  async rate(start: () => void): Promise<number> {
    this.#begun = systemClock.monotonic();
    start();
    await this.#ended.promise;
    return (this.#goal / (systemClock.monotonic() - this.#begun)) * 1_000;
  }

  #look(): void {
    if (this.#confirmed >= this.#goal && this.#received >= this.#goal) this.#ended.resolve();
  }
}

/** Keeps `window` of `count` calls under way: each call of `more` allows one more. `send` is given the call's number. */
export const windowed = (count: number, window: number, send: (index: number, more: () => void) => void): void => {
  let next = 0;
  const more = (): void => {
    if (next >= count) return;
    next += 1;
    send(next, more);
  };
  for (let open = 0; open < window; open += 1) more();
};
