// What the server orders, as its store keeps it: settings, templates, commands, and who may take part. Read at once, written by one verb.
import type { Json } from '../../protocol/configuration.ts';
import type { CommandState } from '../../protocol/events.ts';
import type { CommandName } from '../../protocol/frames.ts';
import type { Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import type { EnrolmentChange, EnrolmentStore } from './enrolment-ports.ts';

/** `pending`: the node has not said anything of it yet. */
export type TargetState = 'pending' | CommandState;

/** How a command stands with one node. */
export interface Target {
  readonly node: string;
  readonly state: TargetState;
  /** An error code, when it failed. */
  readonly code?: string;
  readonly message?: string;
  /** By the server's wall clock. */
  readonly changedAt: number;
}

/** A command as it was given. Times are the server's wall clock, milliseconds since the epoch. */
export interface Command {
  readonly id: string;
  readonly cluster: string;
  readonly name: CommandName;
  /** `converge`. */
  readonly rerunScripts?: boolean;
  /** `set`. Its value is a setting, and is not kept here besides: it may be a secret, and large. */
  readonly key?: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly trace?: TraceContext;
}

export interface CommandRecord extends Command {
  /** In order of name. */
  readonly targets: readonly Target[];
}

export interface CommandSummary extends Command {
  /** How many nodes are in each state. */
  readonly nodes: Readonly<Partial<Record<TargetState, number>>>;
}

/** A command, and a node that has not said yet what became of it. The value of a `set` reaches a node with its configuration. */
export interface PendingTarget {
  /** Of the command: rises with every one that is given. */
  readonly number: number;
  readonly command: Omit<Command, 'issuedAt'>;
  readonly node: string;
  readonly state: 'pending' | 'accepted';
}

/** A value under a dotted key, for a whole cluster or for one of its nodes. */
export interface Setting {
  /** Absent: of every node of the cluster. */
  readonly node?: string;
  readonly key: string;
  readonly value: Json;
}

/** What may be ordered. */
export type Change =
  /** A command for these nodes; a setting takes effect with it. */
  | {
      readonly type: 'command';
      readonly command: Omit<Command, 'issuedAt'>;
      /** `set`. */
      readonly value?: Json;
      readonly nodes: readonly string[];
      /** What was asked for, word for word: the same id may come with the same words only. The store keeps a hash of them. */
      readonly request: string;
      /** Its key and value are a setting of the whole cluster, or of each of its nodes. */
      readonly scope: 'cluster' | 'nodes';
    }
  /** The templates there are, by cluster: those that differ replace what was there, and what is left out is gone. */
  | { readonly type: 'templates'; readonly templates: ReadonlyMap<string, string> }
  /** A node has a revision that this store never gave: the next one is beyond it. */
  | { readonly type: 'raise'; readonly above: number }
  /** Of commands whose time is over, what nobody has accepted has expired, and a day later what was accepted and never ended. */
  | { readonly type: 'expire' }
  | EnrolmentChange;

/** For how long after its time a command that was accepted may still end, milliseconds. */
export const acceptedGraceMs = 24 * 3_600_000;

export type Ordered =
  /** It is in the store. */
  | { readonly outcome: 'done' }
  /** A command of this id and with these words was there already: nothing was written. */
  | { readonly outcome: 'known' }
  /** A command of this id was there with other words: nothing was written. */
  | { readonly outcome: 'conflict' };

export interface OrderStore extends EnrolmentStore {
  /** Makes one change in one transaction, which it may share with others. Fails with `store_unwritable`, or with `store_fenced` once another server has the store. */
  order(change: Change): Promise<Result<Ordered>>;
  /** Random, made with the store and never changed: what ids are made of (ids.ts). */
  origin(): string;
  /** Rises with every change of a setting or a template; 1 at first. */
  revision(): number;
  /** All settings of a cluster, those made first first. */
  settings(cluster: string): readonly Setting[];
  command(id: string): CommandRecord | undefined;
  /** The newest first: at most so many, and fewer when they are large. */
  commands(limit: number): readonly CommandSummary[];
  /** Of all commands with a higher number, those given first first. */
  pendingTargets(after?: number): readonly PendingTarget[];
  /** Undefined for a node that is no target of it. */
  targetState(id: string, node: string): TargetState | undefined;
}
