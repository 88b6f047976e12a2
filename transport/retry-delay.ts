// How long to wait before trying again: a random part of a bound that doubles with every attempt up to a cap, so that a
// fleet that lost its broker does not come back all at once. After a wait-free period as long as the cap it begins anew.
import type { Clock } from '../effects/clock.ts';
import type { Random } from '../effects/random.ts';

export class RetryDelay {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #bounds: { readonly first: number; readonly most: number };
  #attempt = 0;
  /** When the last wait ended, monotonic. */
  #until = 0;

  constructor(clock: Clock, random: Random, bounds: { readonly first: number; readonly most: number }) {
    this.#clock = clock;
    this.#random = random;
    this.#bounds = bounds;
  }

  /** Milliseconds. */
  next(): number {
    const { first, most } = this.#bounds;
    const now = this.#clock.monotonic();
    if (now - this.#until > most) this.#attempt = 0;
    const delay = Math.round(this.#random.next() * Math.min(most, first * 2 ** this.#attempt++));
    this.#until = now + delay;
    return delay;
  }
}
