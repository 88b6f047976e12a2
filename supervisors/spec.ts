// A tree of supervisors as data: who is watched by whom, and what a failure does.
import type { ActorDefinition } from '../actors/definition.ts';
import type { ActorSystem, Incarnation, Supervision } from '../actors/system.ts';
import type { BackoffPolicy } from './policy/backoff.ts';
import type { Decider, RestartType } from './policy/decider.ts';
import type { Intensity } from './policy/restart-intensity.ts';

export interface ChildOptions {
  /** Default `permanent`. */
  readonly restart?: RestartType;
  /** Bound for the handler under way, the drain and the release, each. Default 2,000 ms. */
  readonly shutdownMs?: number;
  /** A window for this child alone; without one its restarts count in its supervisor's. */
  readonly intensity?: Intensity;
  /** Default: up to 100 ms at first, doubling to 10 s, begun anew after 30 s of quiet. */
  readonly backoff?: BackoffPolicy;
  /** Default: restart after every error. */
  readonly decide?: Decider;
}

export interface ActorSpec extends ChildOptions {
  readonly kind: 'actor';
  readonly name: string;
  readonly spawn: (system: ActorSystem, path: string, supervision: Supervision) => Incarnation;
}

/** `one-for-one`: a child that fails is begun anew alone. `rest-for-one`: with it all that stand after it. */
export type Strategy = 'one-for-one' | 'rest-for-one';

export interface SupervisorSpec {
  readonly kind: 'supervisor';
  readonly name: string;
  readonly strategy: Strategy;
  /** Restarts of its children. Default: 5 in 30 s where all are actors, 3 in 60 s above such, 3 in 300 s at the root. */
  readonly intensity?: Intensity;
  /** Begun in this order, ended in the reverse. */
  readonly children: readonly ChildSpec[];
  /** How its own parent treats it when it gives up. */
  readonly backoff?: BackoffPolicy;
  readonly decide?: Decider;
}

/** A supervisor whose children come and go while it runs (pool.ts); one-for-one. */
export interface PoolSpec {
  readonly kind: 'pool';
  readonly name: string;
  readonly members: Members;
  /** How its own parent treats it when it gives up. */
  readonly backoff?: BackoffPolicy;
  readonly decide?: Decider;
}

/** Who is to be watched, whether the pool runs or not. */
export interface Members {
  readonly specs: ReadonlySet<ActorSpec>;
  /** Has the changes told to whoever watches. */
  watchedBy(watcher: { added(member: ActorSpec): void; removed(member: ActorSpec): Promise<void> }): void;
}

export type ChildSpec = ActorSpec | SupervisorSpec | PoolSpec;

/** An actor as a child. Its state and message types stay inside, so that children of all types stand in one list. */
export const actor = <S, M>(definition: ActorDefinition<S, M>, options: ChildOptions = {}): ActorSpec => ({
  ...options,
  kind: 'actor',
  name: definition.name,
  spawn: (system, path, supervision) => system.spawn(path, definition, supervision),
});

export const supervisor = (spec: Omit<SupervisorSpec, 'kind'>): SupervisorSpec => ({ ...spec, kind: 'supervisor' });

export const defaultShutdownMs = 2_000;

export const defaultBackoff: BackoffPolicy = { firstMs: 100, capMs: 10_000, quietMs: 30_000 };

// What restarts in all is the product of the intensities up the tree, so the upper ones are low.
export const intensityOf = ({ children, intensity }: SupervisorSpec, isRoot: boolean): Intensity => {
  if (intensity !== undefined) return intensity;
  if (isRoot) return { restarts: 3, withinMs: 300_000 };
  return children.every(({ kind }) => kind === 'actor') ? { restarts: 5, withinMs: 30_000 } : { restarts: 3, withinMs: 60_000 };
};

// nact copies the map of an actor's children for every message it handles.
export const mostChildren = 64;

export const checkChildren = (path: string, { children }: SupervisorSpec): void => {
  if (children.length > mostChildren) {
    throw new Error(`${path} has ${children.length} children, and a supervisor may have ${mostChildren}: put some under a supervisor of their own`);
  }
  const names = new Set<string>();
  for (const { name } of children) {
    if (names.has(name)) throw new Error(`${path} has two children named ${name}`);
    names.add(name);
  }
};
