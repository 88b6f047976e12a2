import type { Cancel, Clock } from './clock.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * A clock that stands still until a test moves it. `advance` runs what falls due in order of time and, at equal times, of
 * creation; `step` moves the wall clock alone, as an administrator or NTP would.
 */
export class ManualClock implements Clock {
  /** What the wall clock told when monotonic time began. */
  #epoch: number;
  #monotonic = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#epoch = wall;
  }

  /** Whole milliseconds, as the machine's clock tells them. */
  now(): number {
    return Math.floor(this.#epoch + this.#monotonic);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, run: () => void): Cancel {
    const timer: Timer = { due: this.#monotonic + Math.max(0, ms), order: this.#order++, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.#timers.size;
  }

  step(ms: number): void {
    this.#epoch += ms;
  }

  /** Moves time on by `ms` and lets pending promise callbacks run between timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#moveTo(next.due);
      this.#timers.delete(next);
      next.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#moveTo(end);
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (first === undefined || timer.due < first.due || (timer.due === first.due && timer.order < first.order)) first = timer;
    }
    return first;
  }

  #moveTo(time: number): void {
    this.#monotonic = Math.max(this.#monotonic, time);
  }
}
