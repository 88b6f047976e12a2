// What an incarnation has begun and not yet ended: questions it took, timers it set, promises it piped to itself. All of it
// ends with the incarnation; a result that comes later is dropped, for it was meant for a state that is gone.
import type { Cancel, Clock } from '../effects/clock.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Question } from './question.ts';

export class OpenWork {
  readonly #clock: Clock;
  readonly #settled: () => void;
  readonly #questions = new Set<Question>();
  readonly #timers = new Set<Cancel>();
  #piped = 0;
  #over = false;

  /** `settled` is called after each piped promise has given its result. */
  constructor(clock: Clock, settled: () => void) {
    this.#clock = clock;
    this.#settled = settled;
  }

  /** Promises piped and not settled. */
  get piped(): number {
    return this.#piped;
  }

  /** A question whose handler has begun, or ended without an answer. */
  hold(question: Question): void {
    if (!question.open) return;
    this.#questions.add(question);
    question.onEnd = () => void this.#questions.delete(question);
  }

  pipe<T>(work: Promise<T>, gave: (value: T) => void, failed: (error: unknown) => void): void {
    this.#piped += 1;
    const settle = (give: () => void): void => {
      this.#piped -= 1;
      if (this.#over) return;
      give();
      this.#settled();
    };
    work.then(
      (value) => settle(() => gave(value)),
      (error: unknown) => settle(() => failed(error)),
    );
  }

  later(ms: number, run: () => void): Cancel {
    if (this.#over) return () => undefined;
    const cancel = (): void => {
      this.#timers.delete(cancel);
      stop();
    };
    const stop = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
    return cancel;
  }

  end(code: ErrorCode, message: string): void {
    this.#over = true;
    for (const cancel of this.#timers) cancel();
    for (const question of this.#questions) question.refuse(code, message);
  }
}
