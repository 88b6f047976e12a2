// One incarnation of an actor, from its spawn until what it held is released.
//
// Phases: `running` → `draining` (drain: closed to others, the mailbox is emptied, open work is ended) → `ending` (no
// further message is begun; the handler under way is waited for, then the seat is left) → `releasing` (no turn comes any more;
// what the actor held is given back, then its supervisor is told). A crash that is not resumed leads to `ending`, and so
// does a forced stop. It never begins a message in `ending`, and it comes to its end exactly once, whatever hangs or
// throws: every wait has the shutdown time as its bound.
import type { Cancel, Clock } from '../effects/clock.ts';
import type { TraceContext } from '../protocol/trace.ts';
import { behave } from './behaviour.ts';
import type { Cell } from './cell.ts';
import type { ActorDefinition } from './definition.ts';
import type { Host, Post } from './handler-context.ts';
import { endsWithin } from './handler-deadline.ts';
import type { Interceptor } from './interceptor.ts';
import { OpenWork } from './open-work.ts';
import type { ActorRef } from './ref.ts';
import type { Seat, Tenant } from './seat.ts';
import type { Crash, Ending, Incarnation, Supervision } from './system.ts';
import { Turns } from './turns.ts';

const defaultDeadlineMs = 30_000;

export interface Surroundings {
  readonly post: Post;
  readonly clock: Clock;
  readonly interceptors: readonly Interceptor[];
}

export class Life<S, M> implements Tenant, Host<M>, Incarnation {
  readonly #cell: Cell<M>;
  readonly #supervision: Supervision;
  readonly #clock: Clock;
  readonly #seat: Seat;
  readonly #turns: Turns<M>;
  readonly #work: OpenWork;
  readonly #ended = Promise.withResolvers<Ending>();
  readonly #failures: unknown[] = [];
  #phase: 'running' | 'draining' | 'ending' | 'releasing' = 'running';
  #forced = false;
  #cancelForce: Cancel = () => undefined;
  /** What a drain waits for, and how it is told. */
  #awaited: { readonly reached: () => boolean; readonly resume: () => void } | undefined;

  constructor(
    cell: Cell<M>,
    definition: ActorDefinition<S, M>,
    supervision: Supervision,
    { clock, interceptors, post }: Surroundings,
    seatFor: (tenant: Tenant) => Seat,
  ) {
    this.#cell = cell;
    this.#supervision = supervision;
    this.#clock = clock;
    this.#work = new OpenWork(clock, () => this.#look());
    this.#turns = new Turns({
      host: this,
      post,
      clock,
      mailbox: cell.mailbox,
      work: this.#work,
      deadlineMs: definition.handlerDeadlineMs ?? defaultDeadlineMs,
      begin: (context) => behave(definition, this.path, context, interceptors),
      schedule: () => this.#seat.wake(),
      rested: () => this.#rested(),
    });
    this.#seat = seatFor(this);
    cell.admit(this, definition.capacity);
    this.wake();
  }

  get path(): string {
    return this.#cell.ref.path;
  }

  get ref(): ActorRef<M> {
    return this.#cell.ref;
  }

  wake(): void {
    this.#turns.wake();
  }

  turn(): Promise<void> | undefined {
    return this.#turns.run();
  }

  crashed(error: unknown): 'resume' | 'stop' {
    const crash = this.#turns.failed(error);
    if (this.#phase === 'ending' || this.#phase === 'releasing') this.#failures.push(error);
    else if (this.#decide(crash) === 'resume' && crash.reason !== 'start') {
      this.#turns.rest();
      return 'resume';
    }
    this.#beginEnding();
    return 'stop';
  }

  stopped(): void {
    if (this.#phase === 'releasing') return;
    this.#beginEnding();
    this.#phase = 'releasing';
    const code = this.#cell.intakeClosed ? 'actor_stopped' : 'actor_crashed';
    this.#work.end(code, `${this.path} ended before it answered`);
    void this.#release();
  }

  pipe<T>(work: Promise<T>, done: (value: T) => M, failed: (error: unknown) => M, trace: TraceContext | undefined): void {
    const deliver = (message: () => M): void => {
      try {
        this.#cell.insist(message(), trace);
      } catch (error) {
        this.#turns.fault(error);
      }
    };
    this.#work.pipe(
      work,
      (value) => deliver(() => done(value)),
      (error) => deliver(() => failed(error)),
    );
  }

  later(ms: number, message: M, trace: TraceContext | undefined): Cancel {
    return this.#work.later(ms, () => this.#cell.insist(message, trace));
  }

  halt(): void {
    if (this.#phase === 'releasing') return;
    this.#forced = true;
    this.#beginEnding();
    this.#turns.abandon();
    this.#seat.stop();
  }

  end(): Promise<Ending> {
    if (this.#phase === 'running' || this.#phase === 'draining') {
      this.#beginEnding();
      if (this.#turns.busy) this.#cancelForce = this.#clock.after(this.#supervision.shutdownMs, () => this.halt());
      else this.#seat.stop();
    }
    return this.#ended.promise;
  }

  drain(): Promise<Ending> {
    if (this.#phase === 'running') {
      this.#phase = 'draining';
      this.#cell.closeIntake();
      this.#cancelForce = this.#clock.after(this.#supervision.shutdownMs, () => this.halt());
      void this.#finish().then(() => this.end());
    }
    return this.#ended.promise;
  }

  async #finish(): Promise<void> {
    const idle = (): boolean => !this.#turns.busy && this.#cell.mailbox.size === 0;
    await this.#until(idle);
    try {
      await this.#turns.behaviour?.drain?.();
    } catch (error) {
      this.#failures.push(error);
    }
    await this.#until(() => idle() && this.#work.piped === 0);
  }

  #until(reached: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { reached, resume: resolve };
    this.#look();
    return promise;
  }

  #look(): void {
    if (this.#awaited?.reached() === true) this.#awaited.resume();
  }

  #rested(): void {
    if (this.#phase === 'ending') this.#seat.stop();
    else this.#look();
  }

  #beginEnding(): void {
    this.#phase = 'ending';
    this.#cancelForce();
    this.#turns.close();
  }

  #decide(crash: Crash): 'resume' | 'end' {
    try {
      return this.#supervision.onCrash(crash);
    } catch (error) {
      this.#failures.push(error);
      return 'end';
    }
  }

  async #release(): Promise<void> {
    let releaseTimedOut = false;
    try {
      const release = this.#turns.behaviour?.release;
      if (release !== undefined) releaseTimedOut = !(await endsWithin(this.#clock, this.#supervision.shutdownMs, release()));
    } catch (error) {
      this.#failures.push(error);
    }
    this.#cell.vacate();
    this.#ended.resolve({ forced: this.#forced, failures: this.#failures, releaseTimedOut });
  }
}
