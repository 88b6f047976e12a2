// The actor system, and the only place that knows nact. nact gives hierarchy, one turn at a time to each actor, and the
// moment of a crash; everything it does not promise (its traps: nact.characterization.test.ts) is ours: bounded mailboxes
// that outlive an incarnation (cell.ts), several messages a turn with a deadline for handlers (turns.ts), an ordered stop
// with release (life.ts), asks that always end (question.ts), and trace context that belongs to one message.
//
// A nact message here is only a request for a turn, so it does not matter that nact drops one when an actor stops. nact is
// answered `resume` or `stop` and nothing else: a restart is a new nact actor in the same cell, which is safe also for an
// actor that was busy, and never overlaps two incarnations.
import { AsyncLocalStorage } from 'node:async_hooks';
import { dispatch, spawn, start, stop } from 'nact';
import type { ActorSystemRef } from 'nact';
import type { TraceContext } from '../protocol/trace.ts';
import { Cell, type DeadLetters, type Resident } from './cell.ts';
import type { ActorDefinition } from './definition.ts';
import type { Post } from './handler-context.ts';
import { Life, type Surroundings } from './life.ts';
import { askOf } from './question.ts';
import type { ActorRef, AskResult, Reply, TellOutcome } from './ref.ts';
import type { Seat, Tenant } from './seat.ts';
import type { ActorSystem, ActorSystemOptions, Incarnation, Supervision } from './system.ts';

// nact schedules a turn in the asynchronous context of whoever asked for it. Turns are asked for outside of all contexts,
// so that a handler starts with none and only its own message's trace is entered.
const outside = AsyncLocalStorage.snapshot();

/** A nact actor as a parent. nact's own reference types are all the same empty class. */
type Place = ActorSystemRef;

const turn = null;

const seatUnder = (parent: Place, name: string, tenant: Tenant): Seat => {
  const ref = spawn(parent, () => tenant.turn(), name, {
    onCrash: (_message, error, context) => (tenant.crashed(error) === 'resume' ? context.resume : context.stop),
    afterStop: () => tenant.stopped(),
  });
  return { wake: () => outside(dispatch, ref, turn), stop: () => stop(ref) };
};

/** Keeps the names of a path apart: `node/messaging` is the actor `messaging` under `node`. */
const split = (path: string): { readonly parent: string; readonly name: string } => {
  const cut = path.lastIndexOf('/');
  return { parent: path.slice(0, Math.max(0, cut)), name: path.slice(cut + 1) };
};

export const createActorSystem = ({ clock, interceptors = [], logger, name, random }: ActorSystemOptions): ActorSystem => {
  // Without a name nact mints a random one, which cannot collide in nact's registry of all systems of the process.
  const root: Place = start();
  const cells = new Map<string, Cell<unknown>>();
  const places = new Map<string, Place>([['', root]]);
  const dead: DeadLetters = { count: 0 };

  const cellAt = <M>(path: string): Cell<M> => {
    let cell = cells.get(path);
    if (cell === undefined) {
      cell = new Cell<unknown>(path, dead);
      cells.set(path, cell);
    }
    // The type of a path is agreed between the one who spawns there and those who take a ref; nothing can check it here.
    return cell as Cell<M>;
  };

  /** A nact actor without behaviour that stands for a supervisor: parent of its children, made when first needed. */
  const placeAt = (path: string): Place => {
    const known = places.get(path);
    if (known !== undefined) return known;
    const { name, parent } = split(path);
    const place = spawn(placeAt(parent), () => undefined, name);
    places.set(path, place);
    return place;
  };

  const post: Post = {
    tell: <M>(ref: ActorRef<M>, message: M, trace: TraceContext | undefined, sender: Resident | undefined): TellOutcome =>
      cellAt<M>(ref.path).offer(message, trace, undefined, sender),
    ask: <M, R>(
      ref: ActorRef<M>,
      build: (reply: Reply<R>) => M,
      timeoutMs: number,
      trace: TraceContext | undefined,
      sender: Resident | undefined,
    ): Promise<AskResult<R>> => {
      const { question, reply, result } = askOf<R>(clock, ref.path, timeoutMs);
      const outcome = cellAt<M>(ref.path).offer(build(reply), trace, question, sender);
      if (outcome === 'full') question.refuse('busy', `the mailbox of ${ref.path} is full`);
      if (outcome === 'dead') question.refuse('actor_stopped', `${ref.path} has stopped`);
      return result;
    },
  };
  const surroundings: Surroundings = { post, clock, interceptors };

  return {
    clock,
    random,
    logger: logger.child({ system: name }),
    ref: <M>(path: string) => cellAt<M>(path).ref,
    tell: (ref, message, options) => post.tell(ref, message, options?.trace, undefined),
    ask: (ref, build, { timeoutMs, trace }) => post.ask(ref, build, timeoutMs, trace, undefined),
    spawn: <S, M>(path: string, definition: ActorDefinition<S, M>, supervision: Supervision): Incarnation => {
      const cell = cellAt<M>(path);
      if (cell.occupied) throw new Error(`${path} already has an incarnation`);
      const { name, parent } = split(path);
      return new Life(cell, definition, supervision, surroundings, (tenant) => seatUnder(placeAt(parent), name, tenant));
    },
    close: (path) => cellAt(path).close(),
    inspect: () => Array.from(cells.values(), (cell) => cell.snapshot()),
    get deadLetters() {
      return dead.count;
    },
    stop: () => {
      // One by one, for nact stops no children, and while it still knows the system.
      for (const cell of cells.values()) cell.halt();
      stop(root);
    },
  };
};
