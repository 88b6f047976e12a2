// What is kept of checks, of conditions that somebody set, and of requests for the node's end: read, and nothing else.
import type { NodeState } from '../state.ts';
import { readCondition, readTermination, type Condition, type Termination } from './condition.ts';
import { SetConditions, type SetByHand } from './set-conditions.ts';

export const conditionPrefix = 'check/';
export const terminationPrefix = 'termination/';

export class KeptHealth {
  readonly #state: Pick<NodeState, 'get' | 'keys'>;

  constructor(state: Pick<NodeState, 'get' | 'keys'>) {
    this.#state = state;
  }

  condition(name: string): Condition | undefined {
    return readCondition(this.#state.get(`${conditionPrefix}${name}`));
  }

  termination(name: string): Termination | undefined {
    return readTermination(this.#state.get(`${terminationPrefix}${name}`));
  }

  conditions(): ReadonlyArray<readonly [name: string, condition: Condition]> {
    return this.#all(conditionPrefix, (name) => this.condition(name));
  }

  setByHand(): ReadonlyArray<readonly [name: string, condition: SetByHand]> {
    return new SetConditions(this.#state).all();
  }

  /** Requests that stand, by check. */
  terminations(): ReadonlyArray<readonly [name: string, termination: Termination]> {
    return this.#all(terminationPrefix, (name) => this.termination(name));
  }

  /** Of every check that anything is kept of. */
  names(): ReadonlySet<string> {
    return new Set([conditionPrefix, terminationPrefix].flatMap((prefix) => this.#names(prefix)));
  }

  #names(prefix: string): readonly string[] {
    return this.#state.keys(prefix).map((key) => key.slice(prefix.length));
  }

  #all<T>(prefix: string, read: (name: string) => T | undefined): ReadonlyArray<readonly [name: string, found: T]> {
    return this.#names(prefix).flatMap((name) => {
      const found = read(name);
      return found === undefined ? [] : [[name, found] as const];
    });
  }
}
