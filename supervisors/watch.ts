// Judges the failures of one supervisor's children, from its start until it stands down: their restart windows, back-offs
// and repairs, as new as the children they are about. It decides, and has brought back what is to come back; what else
// follows is its supervisor's matter. After `abort` it starts no child.
import type { ActorSystem } from '../actors/system.ts';
import type { FailureReason } from './events.ts';
import { Backoff } from './policy/backoff.ts';
import { judge, restartAlways, type Directive } from './policy/decider.ts';
import { RestartIntensity } from './policy/restart-intensity.ts';
import { Repair } from './repair.ts';
import { defaultBackoff, intensityOf, type ChildSpec, type SupervisorSpec } from './spec.ts';
import type { Supervised } from './supervised.ts';

interface Charge {
  readonly spec: ChildSpec;
  readonly window: RestartIntensity;
  readonly backoff: Backoff;
  readonly repair: Repair;
  /** The child's place among those it is repaired with. */
  readonly position: number;
}

export class Watch {
  readonly #system: ActorSystem;
  readonly #charges: readonly Charge[];

  constructor(system: ActorSystem, spec: SupervisorSpec, children: readonly Supervised[], isRoot: boolean) {
    const { clock, random } = system;
    const shared = new RestartIntensity(intensityOf(spec, isRoot));
    const together = spec.strategy === 'rest-for-one' ? new Repair(children, clock) : undefined;
    this.#system = system;
    this.#charges = spec.children.map((child, index) => ({
      spec: child,
      window: child.kind === 'actor' && child.intensity !== undefined ? new RestartIntensity(child.intensity) : shared,
      backoff: new Backoff(child.backoff ?? defaultBackoff, random),
      repair: together ?? new Repair(children.slice(index, index + 1), clock),
      position: together === undefined ? 0 : index,
    }));
  }

  /** What follows from the failure of the child with this index; a restart is under way when this returns. */
  failed(index: number, reason: FailureReason, error: unknown): Directive {
    const charge = this.#charges[index];
    if (charge === undefined) throw new RangeError(`no child has the index ${index}`);
    const { backoff, position, repair, spec, window } = charge;
    const restart = (spec.kind === 'actor' ? spec.restart : undefined) ?? 'permanent';
    const directive = judge(restart, this.#decide(spec, error), reason === 'threw' || reason === 'hung');
    if (directive !== 'restart') return directive;
    const now = this.#system.clock.monotonic();
    if (window.record(now) === 'exceeded') return 'escalate';
    repair.request(position, backoff.next(now));
    return 'restart';
  }

  abort(): void {
    for (const { repair } of this.#charges) repair.abort();
  }

  #decide({ decide = restartAlways, name }: ChildSpec, error: unknown): Directive {
    try {
      return decide(error);
    } catch (defect) {
      this.#system.logger.error(`the decider of ${name} threw; the child is begun anew`, { err: defect });
      return 'restart';
    }
  }
}
