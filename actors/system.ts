// The actor system as the rest of the program sees it; runtime.ts makes one.
import type { Clock } from '../effects/clock.ts';
import type { Logger } from '../effects/logger.ts';
import type { Random } from '../effects/random.ts';
import type { ActorDefinition } from './definition.ts';
import type { Interceptor } from './interceptor.ts';
import type { ActorRef, AskOptions, AskResult, Reply, TellOptions, TellOutcome } from './ref.ts';

export interface ActorSystemOptions {
  /** Said in log lines; two systems of one process may share a name. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Around every handler, the first outermost. None costs nothing. */
  readonly interceptors?: readonly Interceptor[];
}

/** `waiting`: no incarnation, either not yet or not just now; what is told waits for the next one. */
export type ActorState = 'waiting' | 'running' | 'draining' | 'stopped';

export interface ActorSnapshot {
  readonly path: string;
  readonly state: ActorState;
  /** Messages that wait. */
  readonly mailbox: number;
  /** Incarnations after the first. */
  readonly restarts: number;
}

/**
 * Why an incarnation failed: `start` threw, a handler threw or rejected, or a handler's promise was not settled by its
 * deadline.
 */
export interface Crash {
  readonly reason: 'start' | 'threw' | 'hung';
  readonly error: unknown;
}

/** What a supervisor decides about each crash of an incarnation, and how long its end may take. */
export interface Supervision {
  /** For the handler under way, for the drain and for the release: so long each, then the stop is forced. */
  readonly shutdownMs: number;
  /**
   * `resume` drops the message at fault and keeps the state of the last good one; after a failed start there is none, and
   * the incarnation ends regardless. Throwing counts as `end`.
   */
  readonly onCrash: (crash: Crash) => 'resume' | 'end';
}

/** How an incarnation ended. Never a rejection: a supervisor acts on it and reports it. */
export interface Ending {
  /** Its handler or its drain outlasted the shutdown time. */
  readonly forced: boolean;
  /** What became of `definition.drain` or `definition.release`, if it failed: the error it gave. */
  readonly failures: readonly unknown[];
  /** `definition.release` outlasted the shutdown time, so what it held may still be held. */
  readonly releaseTimedOut: boolean;
}

/** One incarnation of an actor, for its supervisor. Both verbs give the same promise, and may be called at any time. */
export interface Incarnation {
  /** Takes no further message, waits for the handler under way, releases. The mailbox is kept for the next incarnation. */
  end(): Promise<Ending>;
  /** Closes the mailbox to others, handles what is in it, drains, waits for piped work, then ends. */
  drain(): Promise<Ending>;
}

export interface ActorSystem {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** A handle of the actor at this path, which need not exist yet: what is told meanwhile waits, within bounds. */
  ref<M>(path: string): ActorRef<M>;
  tell<M>(ref: ActorRef<M>, message: M, options?: TellOptions): TellOutcome;
  ask<M, R>(ref: ActorRef<M>, question: (reply: Reply<R>) => M, options: AskOptions): Promise<AskResult<R>>;
  /** Begins an incarnation at a path that has none. `start` runs on a later turn, in the order of spawning. */
  spawn<S, M>(path: string, definition: ActorDefinition<S, M>, supervision: Supervision): Incarnation;
  /** Ends a path for good once its incarnation has ended: what waits there is dead, its asks answer `actor_stopped`. */
  close(path: string): void;
  /** Every actor that was ever spawned or told something, in that order. */
  inspect(): readonly ActorSnapshot[];
  /** Messages that no handler will ever see: told to a stopped actor, or left in its mailbox. */
  readonly deadLetters: number;
  /** Ends what is left, at once and without release. Supervised actors are drained by their supervisor first. */
  stop(): void;
}
