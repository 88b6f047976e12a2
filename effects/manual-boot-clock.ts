import type { BootClock } from './boot-clock.ts';
import type { ManualClock } from './manual-clock.ts';

/** A boot that a test's clock moves on, and that the test suspends or ends. */
export class ManualBootClock implements BootClock {
  readonly #clock: ManualClock;
  #boot = 1;
  /** What the monotonic clock told when this boot began, less the time it was suspended. */
  #zero: number;
  /** When the machine or its container began, by the same clock. */
  #begun: number;

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.#zero = clock.monotonic();
    this.#begun = this.#zero;
  }

  bootId(): string {
    return `boot-${this.#boot}`;
  }

  sinceBoot(): number {
    return this.#clock.monotonic() - this.#zero;
  }

  sinceBegun(): number {
    return this.#clock.monotonic() - this.#begun;
  }

  /** The machine sleeps for `ms`: timers stand still, the time of day does not. */
  suspend(ms: number): void {
    this.#zero -= ms;
    this.#begun -= ms;
    this.#clock.step(ms);
  }

  /** The machine is down for `ms`, and another boot begins. */
  reboot(ms = 0): void {
    this.#boot += 1;
    this.#zero = this.#clock.monotonic();
    this.#begun = this.#zero;
    this.#clock.step(ms);
  }

  /** A container is down for `ms` and begins anew, on a machine that goes on. */
  restartContainer(ms = 0): void {
    this.#boot += 1;
    this.#zero -= ms;
    this.#begun = this.#clock.monotonic();
    this.#clock.step(ms);
  }

  /** The machine is taken back to what it was `ms` ago, its memory and not its disks: the boot is the same, and what counts since it began is less. */
  takeBack(ms: number): void {
    this.#zero += ms;
    this.#begun += ms;
  }
}
