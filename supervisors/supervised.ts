import type { RestartCause } from './events.ts';

/** A child as its supervisor handles it: an actor, or a supervisor with all that is under it. */
export interface Supervised {
  start(cause: 'first' | RestartCause): void;
  /** Ends what runs, to be started again. Resolves when what it held is released or its time is up; never rejects. */
  end(): Promise<void>;
  /** Ends for good, open work first. Never rejects. */
  drain(): Promise<void>;
}
