// Brings back children that failed: ends them and those after them from the last to the first, waits, and starts them in
// order. One-for-one is a repair for each child, rest-for-one a single repair for all.
//
// States: at rest → repairing (a failure was reported) → at rest. A failure reported while it repairs widens or lengthens
// the repair under way. It never starts a child before all it ends have released what they hold, and after `abort` it
// starts none.
import { pause, type Clock } from '../effects/clock.ts';
import type { Supervised } from './supervised.ts';

const none = Number.POSITIVE_INFINITY;

export class Repair {
  readonly #children: readonly Supervised[];
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  /** The first child to bring back. */
  #from = none;
  /** Not before this, monotonic milliseconds. */
  #notBefore = 0;
  #repairing = false;

  constructor(children: readonly Supervised[], clock: Clock) {
    this.#children = children;
    this.#clock = clock;
  }

  /** The child at `position` has failed and is to be back after `delayMs`. */
  request(position: number, delayMs: number): void {
    this.#from = Math.min(this.#from, position);
    this.#notBefore = Math.max(this.#notBefore, this.#clock.monotonic() + delayMs);
    if (!this.#repairing) void this.#run();
  }

  abort(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    this.#repairing = true;
    while (this.#from !== none && !signal.aborted) {
      const first = this.#from;
      const affected = this.#children.slice(first);
      for (const child of affected.toReversed()) await child.end();
      await pause(this.#clock, this.#notBefore - this.#clock.monotonic(), signal);
      if (signal.aborted || this.#from < first) continue;
      this.#from = none;
      for (const child of affected) child.start(child === affected[0] ? 'failure' : 'sibling');
    }
    this.#repairing = false;
  }
}
