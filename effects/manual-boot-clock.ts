import type { BootClock } from './boot-clock.ts';
import type { ManualClock } from './manual-clock.ts';

/** A boot that a test's clock moves on, and that the test suspends or ends. */
export class ManualBootClock implements BootClock {
  readonly #clock: ManualClock;
  #boot = 1;
  /** What the monotonic clock told when this boot began, less the time it was suspended. */
  #zero: number;

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.#zero = clock.monotonic();
  }

  bootId(): string {
    return `boot-${this.#boot}`;
  }

  sinceBoot(): number {
    return this.#clock.monotonic() - this.#zero;
  }

  /** The machine sleeps for `ms`: timers stand still, the time of day does not. */
  suspend(ms: number): void {
    this.#zero -= ms;
    this.#clock.step(ms);
  }

  /** The machine is down for `ms`, and another boot begins. */
  reboot(ms = 0): void {
    this.#boot += 1;
    this.#zero = this.#clock.monotonic();
    this.#clock.step(ms);
  }

  /** A container is down for `ms`, and counts from nothing again on a machine that goes on. */
  restartContainer(ms = 0): void {
    this.#zero = this.#clock.monotonic();
    this.#clock.step(ms);
  }
}
