// What a connection waits for its client to do, since when, and whether that has taken too long.
import type { Clock } from '../../effects/clock.ts';
import type { LocalLimits } from './limits.ts';

/**
 * `handshake`: its first line. `line`: the end of a line it began. `idle`: another request. `answers`: that it reads what was
 * written. `farewell`: that it takes the last line it gets.
 */
export type Wait = 'handshake' | 'line' | 'idle' | 'answers' | 'farewell';

/** A farewell is one short line: whoever has no room for it does not read at all. */
const farewellMs = 1000;

export class Waits {
  readonly #clock: Clock;
  readonly #allowedMs: Readonly<Record<Wait, number>>;
  readonly #since = new Map<Wait, number>();

  constructor(clock: Clock, limits: LocalLimits) {
    this.#clock = clock;
    this.#allowedMs = { handshake: limits.helloMs, line: limits.lineMs, idle: limits.idleMs, answers: limits.answerMs, farewell: farewellMs };
  }

  /** Begins to wait; when it waits already, the time runs on. */
  begin(wait: Wait): void {
    if (!this.#since.has(wait)) this.#since.set(wait, this.#clock.monotonic());
  }

  end(wait: Wait): void {
    this.#since.delete(wait);
  }

  endAll(): void {
    this.#since.clear();
  }

  has(wait: Wait): boolean {
    return this.#since.has(wait);
  }

  /** One that has taken too long, if any has. */
  exhausted(now: number): Wait | undefined {
    for (const [wait, since] of this.#since) if (now - since > this.#allowedMs[wait]) return wait;
    return undefined;
  }
}
