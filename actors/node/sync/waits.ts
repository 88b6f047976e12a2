// Waits for other nodes: what `jetpack sync wait` asks, kept until the server says that it is so or the time is up.
//
// A wait is told to the server as a lease and renewed while it lasts, so neither a lost message, nor a server begun anew, nor a
// broker's restart leaves it forgotten; the answer is pushed. It ends once: met, timed out, given up by its caller, or with the actor.
import type { FrameOf } from '../../../protocol/frames.ts';
import { fail, ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';

export interface Wait {
  readonly id: string;
  readonly role: string;
  readonly phase: string;
  /** Absent: every node of the role, and one at least. */
  readonly count: number | undefined;
  readonly timeoutMs: number;
}

export interface WaitedFor {
  readonly nodes: ReadonlyArray<{ readonly node: string; readonly phase: string }>;
}

interface Open {
  readonly wait: Wait;
  readonly reply: Reply<Result<WaitedFor>>;
  readonly cancelTimer: () => void;
  /** How the nodes stood when the server last said; undefined when it has not. */
  nodes: WaitedFor['nodes'] | undefined;
}

/** Waits at a time: more than scripts of one node ever have. */
const most = 256;

/** So long the server remembers a wait that is not renewed, milliseconds. */
export const leaseMs = 30_000;
export const renewMs = leaseMs / 3;

const wantedOf = ({ count, phase, role }: Wait): string =>
  count === undefined ? `every node of role ${role} to be ${phase}` : `${count} node${count === 1 ? '' : 's'} of role ${role} to be ${phase}`;

/** Nodes named in one line. */
const shown = 5;

const standingOf = (nodes: WaitedFor['nodes'] | undefined): string => {
  if (nodes === undefined) return 'the server has not said how they stand';
  if (nodes.length === 0) return 'the server knows no node of that role';
  const more = nodes.length > shown ? ` and ${nodes.length - shown} more` : '';
  return nodes.slice(0, shown).map(({ node, phase }) => `${node} is ${phase}`).join(', ') + more;
};

/** What the server said last may have changed since the broker went away. */
const causeOf = (nodes: WaitedFor['nodes'] | undefined, away: Failure | undefined): string => {
  if (away === undefined) return standingOf(nodes);
  return nodes === undefined ? away.message : `${standingOf(nodes)} when the server last said; ${away.message}`;
};

export class Waits {
  readonly #open = new Map<string, Open>();

  get all(): readonly Wait[] {
    return [...this.#open.values()].map(({ wait }) => wait);
  }

  /** False when there are too many, and then it is answered. `cancelTimer` ends the timer of its time limit. */
  add(wait: Wait, reply: Reply<Result<WaitedFor>>, cancelTimer: () => void): boolean {
    // The same caller has come again: whoever waited for the first answer is gone.
    this.giveUp(wait.id);
    if (this.#open.size >= most) {
      cancelTimer();
      reply(fail('busy', `${most} waits are under way on this node`));
      return false;
    }
    this.#open.set(wait.id, { wait, reply, cancelTimer, nodes: undefined });
    return true;
  }

  /** What the server says of one. True when that ended it. */
  watched({ watch, met, nodes }: FrameOf<'watched'>['body']): boolean {
    const open = this.#open.get(watch);
    if (open === undefined) return false;
    open.nodes = nodes;
    if (met) this.#end(open, ok({ nodes }));
    return met;
  }

  /** Its time is up. `away`: why the server may not have heard of it, or not be heard. True when it was still open. */
  expire(id: string, away: Failure | undefined): boolean {
    const open = this.#open.get(id);
    if (open === undefined) return false;
    // A part of a caller's time may have been spent before: it is no whole number.
    const ms = Math.round(open.wait.timeoutMs);
    const waited = ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 1_000)} s`;
    this.#end(open, fail(away?.code ?? 'wait_unmet', `waited ${waited} for ${wantedOf(open.wait)}: ${causeOf(open.nodes, away)}`));
    return true;
  }

  /** Nobody waits for the answer any more. True when it was still open. */
  giveUp(id: string): boolean {
    const open = this.#open.get(id);
    if (open !== undefined) this.#end(open, fail('wait_unmet', 'given up'));
    return open !== undefined;
  }

  #end(open: Open, result: Result<WaitedFor>): void {
    this.#open.delete(open.wait.id);
    open.cancelTimer();
    open.reply(result);
  }
}
