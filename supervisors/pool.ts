// A supervisor whose children come and go while it runs: each is begun anew alone, and one that no restart can mend makes
// the whole pool give up.
//
// States as in supervisor.ts: `idle` → `running` (start) → `failed` or `ending` → `running`; from any state `draining`, which is
// final. Members may be added and removed in every state; they run only while the pool does. A removed member is drained,
// and its path is closed.
import type { ActorSystem } from '../actors/system.ts';
import { ActorChild } from './actor-child.ts';
import type { Consequence, FailureReason, RestartCause, SupervisionEvent } from './events.ts';
import { mostChildren, supervisor, type ActorSpec, type Members, type PoolSpec } from './spec.ts';
import type { Supervised } from './supervised.ts';
import { Watch } from './watch.ts';

/** The members of one pool, for whoever adds and removes them. Names must differ. */
export class Pool implements Members {
  readonly specs = new Set<ActorSpec>();
  #watcher: Parameters<Members['watchedBy']>[0] | undefined;

  watchedBy(watcher: Parameters<Members['watchedBy']>[0]): void {
    this.#watcher = watcher;
  }

  /** Throws when there are too many. */
  add(member: ActorSpec): void {
    if (this.specs.size >= mostChildren) throw new Error(`a pool may have ${mostChildren} members, and ${member.name} would be one more`);
    this.specs.add(member);
    this.#watcher?.added(member);
  }

  /** Resolves when it has been drained; never rejects. */
  async remove(member: ActorSpec): Promise<void> {
    if (this.specs.delete(member)) await this.#watcher?.removed(member);
  }
}

interface Kept {
  readonly child: ActorChild;
  watch: Watch | undefined;
}

interface Around {
  readonly system: ActorSystem;
  readonly report: (event: SupervisionEvent) => void;
}

export class PoolSupervisor implements Supervised {
  readonly #around: Around;
  readonly #place: { readonly path: string; readonly gaveUp: (error: unknown) => void };
  readonly #kept = new Map<ActorSpec, Kept>();
  #phase: 'idle' | 'running' | 'failed' | 'ending' | 'draining' = 'idle';
  #drained: Promise<void> | undefined;

  constructor({ members }: PoolSpec, around: Around, place: { readonly path: string; readonly gaveUp: (error: unknown) => void }) {
    this.#around = around;
    this.#place = place;
    for (const member of members.specs) this.#keep(member);
    members.watchedBy({ added: (member) => this.#added(member), removed: (member) => this.#removed(member) });
  }

  start(cause: 'first' | RestartCause): void {
    this.#phase = 'running';
    if (cause !== 'first') this.#around.report({ type: 'restarted', path: this.#place.path, cause });
    for (const [member, kept] of this.#kept) this.#begin(member, kept, cause === 'first' ? 'first' : 'parent');
  }

  async end(): Promise<void> {
    this.#standDown('ending');
    await Promise.all(Array.from(this.#kept.values(), ({ child }) => child.end()));
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    this.#standDown('draining');
    await Promise.all(Array.from(this.#kept.values(), ({ child }) => child.drain()));
    this.#around.report({ type: 'stopped', path: this.#place.path });
  }

  #added(member: ActorSpec): void {
    const kept = this.#keep(member);
    if (this.#phase === 'running') this.#begin(member, kept, 'first');
  }

  async #removed(member: ActorSpec): Promise<void> {
    const kept = this.#kept.get(member);
    this.#kept.delete(member);
    kept?.watch?.abort();
    // A pool that drains has its members drained as well.
    await (this.#drained ?? kept?.child.drain());
  }

  #keep(member: ActorSpec): Kept {
    const path = `${this.#place.path}/${member.name}`;
    const { report, system } = this.#around;
    const child = new ActorChild(system, path, member, ({ error, reason }) => this.#failed(member, path, reason, error), report);
    const kept = { child, watch: undefined };
    this.#kept.set(member, kept);
    return kept;
  }

  #begin(member: ActorSpec, kept: Kept, cause: 'first' | RestartCause): void {
    const alone = supervisor({ name: member.name, strategy: 'one-for-one', children: [member] });
    kept.watch = new Watch(this.#around.system, alone, [kept.child], false);
    kept.child.start(cause);
  }

  #failed(member: ActorSpec, path: string, reason: FailureReason, error: unknown): Consequence {
    const watch = this.#kept.get(member)?.watch;
    const consequence = this.#phase === 'running' && watch !== undefined ? watch.failed(0, reason, error) : 'none';
    this.#around.report({ type: 'failed', path, reason, consequence, error });
    if (consequence === 'escalate') {
      this.#standDown('failed');
      this.#around.report({ type: 'escalated', path: this.#place.path, error });
      this.#place.gaveUp(error);
    }
    return consequence;
  }

  #standDown(phase: 'failed' | 'ending' | 'draining'): void {
    this.#phase = phase;
    for (const { watch } of this.#kept.values()) watch?.abort();
  }
}
