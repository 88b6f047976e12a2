// What an actor is, as data the runtime and the supervisors work from.
import type { TraceContext } from '../protocol/trace.ts';
import type { ActorRef, AskOptions, AskResult, Reply, TellOptions, TellOutcome } from './ref.ts';

/** What a handler may use. Valid only during the handler and in callbacks it starts; never stored elsewhere. */
export interface ActorContext<M> {
  readonly self: ActorRef<M>;
  /** The trace of the message being handled, if it brought one. */
  readonly trace: TraceContext | undefined;
  /**
   * Tells in the trace of the message being handled, unless the options name another (`{ trace: undefined }` for none). What
   * an actor tells itself is taken also while it drains, and never reaches a later incarnation.
   */
  tell<N>(ref: ActorRef<N>, message: N, options?: TellOptions): TellOutcome;
  /** Asks, in the same trace as `tell` would. The answer belongs into `pipeToSelf`: a handler that awaits it blocks its actor. */
  ask<N, R>(ref: ActorRef<N>, question: (reply: Reply<R>) => N, options: AskOptions): Promise<AskResult<R>>;
  /**
   * Turns the outcome of a promise into a message to this actor, in the trace of the message being handled. Results are
   * never refused by a full mailbox, never reach a later incarnation, and are waited for when the actor drains.
   */
  pipeToSelf<T>(work: Promise<T>, done: (value: T) => M, failed: (error: unknown) => M): void;
  /** Sends this actor a message after `ms`, to this incarnation only. The result cancels it. */
  later(ms: number, message: M): () => void;
}

export interface ActorDefinition<S, M> {
  readonly name: string;
  /** Messages that may wait, default 10,000. */
  readonly capacity?: number;
  /** How long a handler that returns a promise may take before it counts as hung, default 30,000 ms. Armed only then. */
  readonly handlerDeadlineMs?: number;
  /** Makes the state of a new incarnation. Synchronous and trivial: real work starts with a message to itself. */
  readonly start: (context: ActorContext<M>) => S;
  readonly receive: (state: S, message: M, context: ActorContext<M>) => S | Promise<S>;
  /**
   * Ends open work before a stop; the mailbox is empty by then, and what is piped meanwhile is still handled afterwards.
   * Bounded by the supervisor's shutdown time.
   */
  readonly drain?: (state: S) => Promise<void>;
  /**
   * Gives back what the actor holds (a connection, a socket, a file). An actor with `release` owns a resource: it is
   * never reset in place, but replaced, and its successor starts only when this has ended.
   */
  readonly release?: (state: S) => Promise<void>;
}
