// The faults of a bad network, each with its probability in [0, 1].
import type { Random } from '../../effects/random.ts';

export interface Faults {
  /** A publish is made twice; the copy may come much later. */
  readonly duplicate: number;
  /** A publish is held for a random part of `lateMs`, and others overtake it. */
  readonly late: number;
  readonly lateMs: number;
  /** A publish is made and answers `unconfirmed`. */
  readonly lostConfirm: number;
  /** A publish is not made and answers `unconfirmed`. */
  readonly lostPublish: number;
  /** At a publish or a delivery the connection is lost, for `outageMs`. */
  readonly disconnect: number;
  readonly outageMs: number;
}

export const noFaults: Faults = { duplicate: 0, late: 0, lateMs: 0, lostConfirm: 0, lostPublish: 0, disconnect: 0, outageMs: 0 };

/** What becomes of one publish. */
export interface Fate {
  /** How long it is held, milliseconds; undefined when it goes at once. */
  readonly holdMs: number | undefined;
  /** How long its copy is held; undefined when there is none. */
  readonly copyAfterMs: number | undefined;
  readonly made: boolean;
  readonly answered: boolean;
}

/** Draws a fate. A fault that is off draws nothing, so that switching one on does not change what another does to a seed. */
export class Dice {
  readonly #faults: Faults;
  readonly #random: Random;

  constructor(faults: Faults, random: Random) {
    this.#faults = faults;
    this.#random = random;
  }

  fate(): Fate {
    const { late, duplicate, lostPublish, lostConfirm } = this.#faults;
    const holdMs = this.#hits(late) ? this.#wait() : undefined;
    const copyAfterMs = this.#hits(duplicate) ? this.#wait() : undefined;
    const made = !this.#hits(lostPublish);
    return { holdMs, copyAfterMs, made, answered: made && !this.#hits(lostConfirm) };
  }

  disconnects(): boolean {
    return this.#hits(this.#faults.disconnect);
  }

  #hits(rate: number): boolean {
    return rate > 0 && this.#random.next() < rate;
  }

  #wait(): number {
    return this.#random.next() * this.#faults.lateMs;
  }
}
