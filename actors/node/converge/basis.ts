// What the converges in this life of the daemon were made of: the specs and the locker of a configuration. It outlives the
// incarnations of the actor.
//
// The boot's converge may have used what was kept while the server had something else by then. Until the server's
// configuration has been compared with that one, or converged, a difference is a reason to converge once more. From then on it is one to
// say so: the server's later changes wait until somebody asks.
import type { ConvergeTrigger } from '../../../protocol/events.ts';
import type { ConvergeConfiguration } from './configuration.ts';

const basisOf = ({ flaw, locker, specs }: ConvergeConfiguration): string => JSON.stringify([specs, locker ?? null, flaw ?? null]);

export class Basis {
  #last: string | undefined;
  /** The kept one that the boot's converge used and that the server's has not been compared with. */
  #kept: string | undefined;
  /** The one of the server that the log has said to differ. */
  #told: string | undefined;

  /** A run of it begins. */
  use(configuration: ConvergeConfiguration, trigger: ConvergeTrigger): void {
    this.#last = basisOf(configuration);
    this.#told = undefined;
    if (configuration.source === 'server') this.#kept = undefined;
    else if (trigger === 'boot') this.#kept = this.#last;
  }

  /** What a configuration of the server that comes after the boot's converge has begun asks for. */
  compare(configuration: ConvergeConfiguration): 'nothing' | 'converge' | 'tell' {
    const basis = basisOf(configuration);
    if (this.#kept !== undefined && basis !== this.#kept) return 'converge';
    this.#kept = undefined;
    const known = this.#last === undefined || basis === this.#last || basis === this.#told;
    this.#told = basis;
    return known ? 'nothing' : 'tell';
  }
}
