// How often each sender may ask: a burst at once, then so many a second. The senders it remembers are bounded; one that has
// not asked for the longest gives way, and begins anew.
import type { Clock } from '../../effects/clock.ts';

interface Bucket {
  readonly left: number;
  readonly at: number;
}

const most = 4_096;

export class RateBound {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** In order of the last question. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(burst: number, clock: Pick<Clock, 'monotonic'>, perSecond = 1) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** Whether this sender may ask now; if so, it has. */
  take(sender: string): boolean {
    const now = this.#clock.monotonic();
    const before = this.#buckets.get(sender) ?? { left: this.#burst, at: now };
    const left = Math.min(this.#burst, before.left + ((now - before.at) / 1_000) * this.#perSecond);
    const may = left >= 1;
    this.#buckets.delete(sender);
    this.#buckets.set(sender, { left: may ? left - 1 : left, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > most && oldest !== undefined) this.#buckets.delete(oldest);
    return may;
  }
}
