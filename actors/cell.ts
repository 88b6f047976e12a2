// The lasting part of an actor: its place in the system, its mailbox and its counters. Incarnations come and go in it, so a
// message outlives the incarnation it was told to, and a ref stays good.
//
// States: `waiting` (no incarnation; messages gather) → `running` (admit) → `waiting` again (vacate) or `draining`
// (closeIntake: only the actor's own messages are taken) → `stopped` (close: what waits is dead). An actor that is started
// again after it was stopped goes from `stopped` to `running`. It never runs a handler, and never holds more than its
// capacity but for the actor's own results.
import type { TraceContext } from '../protocol/trace.ts';
import { Mailbox, type Envelope } from './mailbox.ts';
import type { Question } from './question.ts';
import type { ActorRef, TellOutcome } from './ref.ts';
import type { ActorSnapshot, ActorState } from './system.ts';

const defaultCapacity = 10_000;

/** An incarnation as its cell knows it. */
export interface Resident {
  readonly path: string;
  /** There is something in the mailbox. */
  wake(): void;
  /** Ends now, waiting for nothing. */
  halt(): void;
}

/** Counts messages that no handler will see. */
export interface DeadLetters {
  count: number;
}

export class Cell<M> {
  readonly ref: ActorRef<M>;
  readonly mailbox = new Mailbox<Envelope<M>>();
  #state: ActorState = 'waiting';
  #capacity = defaultCapacity;
  #incarnations = 0;
  #resident: Resident | undefined;
  readonly #dead: DeadLetters;

  constructor(path: string, dead: DeadLetters) {
    this.ref = { path };
    this.#dead = dead;
  }

  get occupied(): boolean {
    return this.#resident !== undefined;
  }

  /** Whether it takes no more from others, because it is about to stop for good or has. */
  get intakeClosed(): boolean {
    return this.#state === 'draining' || this.#state === 'stopped';
  }

  /** `sender` is the incarnation that tells, when it is one: what it tells itself is its own. */
  offer(message: M, trace: TraceContext | undefined, question: Question | undefined, sender: Resident | undefined): TellOutcome {
    const own = sender !== undefined && sender.path === this.ref.path;
    const open = own ? sender === this.#resident : !this.intakeClosed;
    if (!open) {
      this.#dead.count += 1;
      return 'dead';
    }
    if (this.mailbox.size >= this.#capacity) return 'full';
    this.mailbox.push({ message, trace, question, own });
    this.#resident?.wake();
    return 'queued';
  }

  /** A result of the incarnation's own work: taken even when the mailbox is full. */
  insist(message: M, trace: TraceContext | undefined): void {
    this.mailbox.push({ message, trace, question: undefined, own: true });
    this.#resident?.wake();
  }

  admit(resident: Resident, capacity = defaultCapacity): void {
    this.#resident = resident;
    this.#capacity = capacity;
    this.#state = 'running';
    this.#incarnations += 1;
  }

  /** The incarnation is over, and what it told itself with it. */
  vacate(): void {
    this.#resident = undefined;
    if (this.#state === 'running') this.#state = 'waiting';
    for (const { question } of this.mailbox.take(({ own }) => own)) question?.refuse('actor_crashed', `${this.ref.path} failed before it came to the request`);
  }

  closeIntake(): void {
    this.#state = 'draining';
  }

  close(): void {
    this.#state = 'stopped';
    for (const { question } of this.mailbox.take(() => true)) {
      this.#dead.count += 1;
      question?.refuse('actor_stopped', `${this.ref.path} stopped before it came to the request`);
    }
  }

  halt(): void {
    this.close();
    this.#resident?.halt();
  }

  snapshot(): ActorSnapshot {
    const restarts = Math.max(0, this.#incarnations - 1);
    return { path: this.ref.path, state: this.#state, mailbox: this.mailbox.size, restarts };
  }
}
