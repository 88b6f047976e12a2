// What the runtime needs of an actor library: a seat in its tree, which gives turns and notices crashes. runtime.ts makes
// seats out of nact; nothing else knows whose they are.

export interface Seat {
  /** Asks for a turn. */
  wake(): void;
  /** Leaves the seat: `stopped` follows, and no turn after it. */
  stop(): void;
}

/** Who sits there. None of this throws but `turn`. */
export interface Tenant {
  /** Throws or rejects to crash. The next turn comes after it has ended, and was asked for. */
  turn(): Promise<void> | undefined;
  /** A turn has crashed. `stop` leaves the seat. */
  crashed(error: unknown): 'resume' | 'stop';
  /** The seat is left. May be told more than once. */
  stopped(): void;
}
