// Watches children: begins them in order, acts when one fails, and ends them in the reverse order.
//
// States: `idle` → `running` (start) → `failed` (it gave up: too many restarts, or a failure it must not handle) or
// `ending` (its parent ends it, to begin it anew) → `running`; from any state `draining`, which is final. Only in `running`
// is a child brought back. A root that gives up drains what still runs and then says so, once. A supervisor never handles
// an actor's messages and holds none of its state.
import type { ActorSystem } from '../actors/system.ts';
import { ActorChild } from './actor-child.ts';
import { logEvent, type Consequence, type FailureReason, type RestartCause, type SupervisionEvent } from './events.ts';
import { PoolSupervisor } from './pool.ts';
import { checkChildren, type ChildSpec, type SupervisorSpec } from './spec.ts';
import type { Supervised } from './supervised.ts';
import { Watch } from './watch.ts';

interface Surroundings {
  readonly system: ActorSystem;
  readonly report: (event: SupervisionEvent) => void;
}

/** Where a supervisor hangs. */
interface Place {
  readonly path: string;
  readonly isRoot: boolean;
  /** Called when it has given up, with the error that was too much. */
  readonly gaveUp: (error: unknown) => void;
}

class Supervisor implements Supervised {
  readonly #spec: SupervisorSpec;
  readonly #around: Surroundings;
  readonly #place: Place;
  readonly #children: readonly Supervised[];
  #phase: 'idle' | 'running' | 'failed' | 'ending' | 'draining' = 'idle';
  #watch: Watch | undefined;
  #drained: Promise<void> | undefined;

  constructor(spec: SupervisorSpec, around: Surroundings, place: Place) {
    checkChildren(place.path, spec);
    this.#spec = spec;
    this.#around = around;
    this.#place = place;
    this.#children = spec.children.map((child, index) => this.#childOf(child, index));
  }

  start(cause: 'first' | RestartCause): void {
    const { report, system } = this.#around;
    const { isRoot, path } = this.#place;
    this.#watch = new Watch(system, this.#spec, this.#children, isRoot);
    this.#phase = 'running';
    if (cause !== 'first') report({ type: 'restarted', path, cause });
    for (const child of this.#children) child.start(cause === 'first' ? 'first' : 'parent');
  }

  async end(): Promise<void> {
    this.#standDown('ending');
    for (const child of this.#children.toReversed()) await child.end();
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    this.#standDown('draining');
    for (const child of this.#children.toReversed()) await child.drain();
    this.#around.report({ type: 'stopped', path: this.#place.path });
  }

  #childOf(spec: ChildSpec, index: number): Supervised {
    const path = `${this.#place.path}/${spec.name}`;
    const failed = (reason: FailureReason, error: unknown): Consequence => this.#failed(path, index, reason, error);
    if (spec.kind === 'supervisor') {
      return new Supervisor(spec, this.#around, { path, isRoot: false, gaveUp: (error) => void failed('gave-up', error) });
    }
    if (spec.kind === 'pool') return new PoolSupervisor(spec, this.#around, { path, gaveUp: (error) => void failed('gave-up', error) });
    const { report, system } = this.#around;
    return new ActorChild(system, path, spec, ({ error, reason }) => failed(reason, error), report);
  }

  #failed(path: string, index: number, reason: FailureReason, error: unknown): Consequence {
    const consequence = this.#phase === 'running' && this.#watch !== undefined ? this.#watch.failed(index, reason, error) : 'none';
    this.#around.report({ type: 'failed', path, reason, consequence, error });
    if (consequence === 'escalate') this.#giveUp(error);
    return consequence;
  }

  #giveUp(error: unknown): void {
    const { gaveUp, path } = this.#place;
    this.#standDown('failed');
    this.#around.report({ type: 'escalated', path, error });
    gaveUp(error);
  }

  #standDown(phase: 'failed' | 'ending' | 'draining'): void {
    this.#phase = phase;
    this.#watch?.abort();
  }
}

export interface SupervisorOptions {
  /** Every event of the tree, for counters. A listener that throws harms no one. */
  readonly onEvent?: (event: SupervisionEvent) => void;
  /** The root gave up, and what still ran has been drained. Called at most once; the program ends with a non-zero code. */
  readonly onEscalate: (error: unknown) => void;
}

export interface RunningSupervisor {
  /** Drains and ends the whole tree, last child first. The same promise every time; never rejects. */
  drain(): Promise<void>;
}

/** Begins a tree of supervisors, the root's name being the first of every path. Throws when the tree is not well formed. */
export const startSupervisor = (system: ActorSystem, spec: SupervisorSpec, { onEscalate, onEvent }: SupervisorOptions): RunningSupervisor => {
  const report = (event: SupervisionEvent): void => {
    logEvent(system.logger, event);
    try {
      onEvent?.(event);
    } catch (error) {
      system.logger.error('a listener for supervision events threw', { err: error });
    }
  };
  const end = async (error: unknown): Promise<void> => {
    await root.drain();
    onEscalate(error);
  };
  const root = new Supervisor(spec, { system, report }, { path: spec.name, isRoot: true, gaveUp: (error) => void end(error) });
  root.start('first');
  return { drain: () => root.drain() };
};
