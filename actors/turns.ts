// Gives one incarnation its messages.
//
// States: asleep → woken (a turn is scheduled) → busy (a turn runs, or waits for a handler's promise) → asleep, or woken
// again while messages wait. A turn that fails stays busy until `rest` says that the incarnation goes on. A turn handles
// messages until the mailbox is empty, its share is used up, or a handler returns a promise. Messages are handled one at a
// time; after `close` none is begun; a handler that hung or was abandoned never touches the state.
import type { Clock } from '../effects/clock.ts';
import { JetpackError } from '../protocol/errors.ts';
import { inTrace } from '../telemetry/span-context.ts';
import type { Behaviour, Commit } from './behaviour.ts';
import { HandlerContext, type Host, type Post } from './handler-context.ts';
import { awaitHandler } from './handler-deadline.ts';
import type { Envelope, Mailbox } from './mailbox.ts';
import type { OpenWork } from './open-work.ts';
import type { Question } from './question.ts';
import type { Crash } from './system.ts';

/** Messages a turn may handle before the event loop goes on: other actors, sockets and timers are served in between. */
const share = 64;

export interface TurnsParts<M> {
  readonly host: Host<M>;
  readonly post: Post;
  readonly clock: Clock;
  readonly mailbox: Mailbox<Envelope<M>>;
  readonly work: OpenWork;
  readonly deadlineMs: number;
  /** Calls the definition's `start`. */
  readonly begin: (context: HandlerContext<M>) => Behaviour<M>;
  /** Asks for a turn. */
  readonly schedule: () => void;
  /** Called when a turn has ended well. */
  readonly rested: () => void;
}

export class Turns<M> {
  readonly #parts: TurnsParts<M>;
  readonly #plain: HandlerContext<M>;
  #behaviour: Behaviour<M> | undefined;
  #open = true;
  #woken = false;
  #busy = false;
  #hung = false;
  /** What the message being handled asks, if it is a question. */
  #question: Question | undefined;
  /** A failure outside a handler; the next turn throws it. */
  #fault: { readonly error: unknown } | undefined;
  #abandon: (() => void) | undefined;

  constructor(parts: TurnsParts<M>) {
    this.#parts = parts;
    this.#plain = new HandlerContext(parts.host, parts.post, undefined);
  }

  /** Undefined until `start` has given a state. */
  get behaviour(): Behaviour<M> | undefined {
    return this.#behaviour;
  }

  get busy(): boolean {
    return this.#busy;
  }

  wake(): void {
    if (this.#woken || !this.#open) return;
    this.#woken = true;
    this.#parts.schedule();
  }

  /** Throws or rejects what `start` or a handler does, and when a handler's time is up. */
  run(): Promise<void> | undefined {
    this.#busy = true;
    this.#question = undefined;
    if (this.#fault !== undefined) {
      const { error } = this.#fault;
      this.#fault = undefined;
      throw error;
    }
    this.#behaviour ??= this.#parts.begin(this.#plain);
    for (let handled = 0; handled < share && this.#open; handled += 1) {
      const envelope = this.#parts.mailbox.shift();
      if (envelope === undefined) break;
      const work = this.#handle(this.#behaviour, envelope);
      if (work !== undefined) return this.#await(work);
    }
    this.rest();
    return undefined;
  }

  rest(): void {
    this.#busy = false;
    this.#woken = false;
    if (this.#parts.mailbox.size > 0 || this.#fault !== undefined) this.wake();
    this.#parts.rested();
  }

  /** Has the incarnation crash with `error` at its next turn. */
  fault(error: unknown): void {
    this.#fault ??= { error };
    this.wake();
  }

  /** Says why the turn failed, and answers the question it was about. */
  failed(error: unknown): Crash {
    const hung = this.#hung;
    this.#hung = false;
    const how = hung ? 'hung' : 'failed';
    this.#question?.refuse('actor_crashed', `${this.#parts.host.path} ${how} while handling the request`);
    if (this.#behaviour === undefined) return { reason: 'start', error };
    return { reason: hung ? 'hung' : 'threw', error };
  }

  close(): void {
    this.#open = false;
  }

  /** Stops waiting for the handler under way. */
  abandon(): void {
    this.#abandon?.();
  }

  #handle(behaviour: Behaviour<M>, { message, question, trace }: Envelope<M>): Promise<Commit> | undefined {
    this.#question = question;
    const { host, post, work } = this.#parts;
    // Without a trace nothing has to be left either: a turn begins outside of all contexts (runtime.ts).
    const later =
      trace === undefined
        ? behaviour.handle(message, this.#plain)
        : inTrace(trace, () => behaviour.handle(message, new HandlerContext(host, post, trace)));
    if (question !== undefined) work.hold(question);
    return later;
  }

  async #await(work: Promise<Commit>): Promise<void> {
    const { clock, deadlineMs, host } = this.#parts;
    const awaited = awaitHandler(clock, deadlineMs, work, () => {
      this.#hung = true;
      return new JetpackError('timeout', `a handler of ${host.path} did not end within ${deadlineMs} ms`);
    });
    this.#abandon = awaited.abandon;
    if (await awaited.done) this.rest();
  }
}
