// Bytes held on behalf of clients: each connection has a little of its own, whatever is beyond comes from a shared pool.

/** The pool. Never gives out more than it has. */
export class SharedMemory {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes `bytes` (gives them back when negative); false and nothing taken when they are not there. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/** What one connection holds. */
export class Holding {
  readonly #shared: SharedMemory;
  readonly #own: number;
  #held = 0;
  #closed = false;

  constructor(shared: SharedMemory, own: number) {
    this.#shared = shared;
    this.#own = own;
  }

  /** Holds `change` bytes more (fewer when negative, which never fails); false and nothing changed when there is no room. */
  change(change: number): boolean {
    if (this.#closed) return change <= 0;
    const shared = (held: number): number => Math.max(0, held - this.#own);
    if (!this.#shared.take(shared(this.#held + change) - shared(this.#held))) return false;
    this.#held += change;
    return true;
  }

  /** Gives everything back; from then on nothing is granted. */
  close(): void {
    this.change(-this.#held);
    this.#closed = true;
  }
}
