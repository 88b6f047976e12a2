// How often each address may ask: a burst at once, then one a second. The addresses it remembers are bounded; one that has
// not asked for the longest gives way, and begins anew.
import type { Clock } from '../../effects/clock.ts';

interface Bucket {
  readonly left: number;
  readonly at: number;
}

const most = 4_096;

export class RateBound {
  readonly #burst: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** In order of the last question. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(burst: number, clock: Pick<Clock, 'monotonic'>) {
    this.#burst = burst;
    this.#clock = clock;
  }

  /** Whether this address may ask now; if so, it has. */
  take(address: string): boolean {
    const now = this.#clock.monotonic();
    const before = this.#buckets.get(address) ?? { left: this.#burst, at: now };
    const left = Math.min(this.#burst, before.left + (now - before.at) / 1_000);
    const may = left >= 1;
    this.#buckets.delete(address);
    this.#buckets.set(address, { left: may ? left - 1 : left, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > most && oldest !== undefined) this.#buckets.delete(oldest);
    return may;
  }
}
