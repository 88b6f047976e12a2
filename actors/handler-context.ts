import type { TraceContext } from '../protocol/trace.ts';
import type { Cancel } from '../effects/clock.ts';
import type { Resident } from './cell.ts';
import type { ActorContext } from './definition.ts';
import type { ActorRef, AskOptions, AskResult, Reply, TellOptions, TellOutcome } from './ref.ts';

/** What a context needs of the system. */
export interface Post {
  tell<M>(ref: ActorRef<M>, message: M, trace: TraceContext | undefined, sender: Resident | undefined): TellOutcome;
  ask<M, R>(
    ref: ActorRef<M>,
    question: (reply: Reply<R>) => M,
    timeoutMs: number,
    trace: TraceContext | undefined,
    sender: Resident | undefined,
  ): Promise<AskResult<R>>;
}

/** What a context needs of its incarnation. */
export interface Host<M> extends Resident {
  readonly ref: ActorRef<M>;
  pipe<T>(work: Promise<T>, done: (value: T) => M, failed: (error: unknown) => M, trace: TraceContext | undefined): void;
  later(ms: number, message: M, trace: TraceContext | undefined): Cancel;
}

/**
 * The context of one message: it keeps that message's trace also in callbacks which run while another message is handled.
 * Messages without a trace share one.
 */
export class HandlerContext<M> implements ActorContext<M> {
  readonly trace: TraceContext | undefined;
  readonly #host: Host<M>;
  readonly #post: Post;

  constructor(host: Host<M>, post: Post, trace: TraceContext | undefined) {
    this.#host = host;
    this.#post = post;
    this.trace = trace;
  }

  get self(): ActorRef<M> {
    return this.#host.ref;
  }

  tell<N>(ref: ActorRef<N>, message: N, options?: TellOptions): TellOutcome {
    return this.#post.tell(ref, message, this.#carried(options), this.#host);
  }

  ask<N, R>(ref: ActorRef<N>, question: (reply: Reply<R>) => N, options: AskOptions): Promise<AskResult<R>> {
    return this.#post.ask(ref, question, options.timeoutMs, this.#carried(options), this.#host);
  }

  pipeToSelf<T>(work: Promise<T>, done: (value: T) => M, failed: (error: unknown) => M): void {
    this.#host.pipe(work, done, failed, this.trace);
  }

  later(ms: number, message: M): Cancel {
    return this.#host.later(ms, message, this.trace);
  }

  /** The trace goes on with what a handler sends, unless the options name another, or `undefined` for none. */
  #carried(options: TellOptions | undefined): TraceContext | undefined {
    return options !== undefined && 'trace' in options ? options.trace : this.trace;
  }
}
