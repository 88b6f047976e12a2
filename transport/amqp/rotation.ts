// Which address of a broker cluster is tried next: in an order drawn at random, so that a fleet spreads over the cluster, and
// after the last the first again.
import type { Random } from '../../effects/random.ts';

export class Rotation<T> {
  readonly #items: T[];
  #next = 0;

  constructor(items: readonly T[], random: Random) {
    this.#items = items
      .map((item) => ({ item, drawn: random.next() }))
      .toSorted((a, b) => a.drawn - b.drawn)
      .map(({ item }) => item);
  }

  /** Undefined when there is none. */
  next(): T | undefined {
    const item = this.#items[this.#next];
    this.#next = (this.#next + 1) % this.#items.length;
    return item;
  }
}
