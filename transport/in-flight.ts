// The bound on publishes that have no outcome yet: the real protection of memory, for a socket buffers what it cannot send.
//
// `ready` hands out room in the order of asking. A waiter that is let through holds its place until the turn of the event
// loop ends, so several callers that publish straight after `ready` cannot pass the bound together; a place that was not
// used by then is free again. While `hold` is in force (the broker blocks publishers) nobody is let through. It never
// refuses a publish: that is the caller's choice.
export class InFlight {
  readonly #limit: number;
  #count = 0;
  #promised = 0;
  #lapsing = false;
  #held = false;
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count++;
    if (this.#promised > 0) this.#promised--;
  }

  end(): void {
    this.#count--;
    this.#admit();
    if (this.#count === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#admit();
    });
  }

  /** Resolves when every publish has its outcome. */
  idle(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => void this.#idle.push(resolve));
  }

  hold(held: boolean): void {
    this.#held = held;
    this.#admit();
  }

  #admit(): void {
    while (!this.#held && this.#count + this.#promised < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#promised++;
      this.#lapse();
      next();
    }
  }

  /** Frees, when this turn has ended, the places nobody used. */
  #lapse(): void {
    if (this.#lapsing) return;
    this.#lapsing = true;
    setImmediate(() => {
      this.#lapsing = false;
      this.#promised = 0;
      this.#admit();
    });
  }
}
