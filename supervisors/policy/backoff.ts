// How long to wait before a restart. The bound doubles with each restart up to a cap, and the wait is drawn evenly from zero
// to that bound ("full jitter"), so that many who failed together do not come back together. After a quiet period the
// series begins anew.
import type { Random } from '../../effects/random.ts';

export interface BackoffPolicy {
  /** Bound of the first wait. */
  readonly firstMs: number;
  /** No wait is longer. */
  readonly capMs: number;
  /** Begin anew when the last restart is longer ago than this. */
  readonly quietMs: number;
}

/** The wait before restart number `attempt`, counted from 0, for `chance` in [0, 1). Whole milliseconds. */
export const delayOf = ({ capMs, firstMs }: BackoffPolicy, attempt: number, chance: number): number =>
  Math.floor(Math.min(capMs, firstMs * 2 ** attempt) * chance);

export class Backoff {
  readonly #policy: BackoffPolicy;
  readonly #random: Random;
  #attempt = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(policy: BackoffPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
  }

  /** The wait before a restart asked for at `now`, monotonic milliseconds. */
  next(now: number): number {
    if (now - this.#last > this.#policy.quietMs) this.#attempt = 0;
    const delay = delayOf(this.#policy, this.#attempt, this.#random.next());
    this.#attempt += 1;
    this.#last = now + delay;
    return delay;
  }
}
