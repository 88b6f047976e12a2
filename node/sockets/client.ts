// What a door knows of a client, whichever protocol it speaks.

export interface Standing {
  /** Whether it ever had a request served. */
  readonly served: boolean;
  /** When the last whole line, frame or answer passed, by the monotonic clock. */
  readonly progressAt: number;
}

export interface Client {
  /** Whether it could be given up without losing a request that is being handled. */
  readonly expendable: boolean;
  readonly standing: Standing;
  /** Takes nothing new, answers what is in flight, then ends. */
  drain(): void;
  /** Makes room for another at once. */
  giveUp(): void;
  destroy(): void;
  /** Ends a client that takes too long. To be called about once a second. */
  checkTime(now: number): void;
}

/** Whether `one` is given up before `other`: whoever never had a request served goes first, then the idlest. */
export const yieldsBefore = (one: Standing, other: Standing): boolean => (one.served === other.served ? one.progressAt < other.progressAt : other.served);
