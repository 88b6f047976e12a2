// Handles of actors. A ref is stable: it stays valid while its actor is restarted or replaced, and messages told in the
// meantime wait for the next incarnation. Refs of different message types cannot be mixed up (ref.types.test.ts).
import type { TraceContext } from '../protocol/trace.ts';
import type { Result } from '../protocol/result.ts';

declare const accepts: unique symbol;

export interface ActorRef<in M> {
  /** Names from the root, joined by `/`: `node/messaging`. */
  readonly path: string;
  /** Phantom: contravariant in the message type, absent at run time. */
  readonly [accepts]?: (message: M) => void;
}

/** Where an answer goes. Calling it a second time, or too late, does nothing. */
export type Reply<R> = (answer: R) => void;

/** What became of a `tell`: in the mailbox, refused because the mailbox is full, or dropped because the actor is gone. */
export type TellOutcome = 'queued' | 'full' | 'dead';

export interface TellOptions {
  readonly trace?: TraceContext | undefined;
}

export interface AskOptions {
  readonly trace?: TraceContext | undefined;
  /** An ask always ends: with the answer, or with `timeout` after this many milliseconds. */
  readonly timeoutMs: number;
}

/**
 * An ask's result. Failures are values: `timeout`, `busy` (mailbox full), `actor_stopped`, and `actor_crashed` when the
 * handler that took the question, or the actor before it answered, failed.
 */
export type AskResult<R> = Result<R>;
