// What converge keeps in the node's state, and the reports that go with its changes.
//
//   converge/boot    the life of the daemon that had its converge at boot
//   converge/last    the last converge, as far as it has come
//   converge/script  the script under way; one that is found here at a start was interrupted
import type { Clock } from '../../../effects/clock.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Json } from '../../../protocol/configuration.ts';
import type { EventOf, Phase } from '../../../protocol/events.ts';
import type { Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import type { BegunScript } from './ports.ts';
import { readRecord, recordJson, type ConvergeRecord } from './record.ts';
import type { NodeState, PendingReport, StateChange } from '../state.ts';

const bootKey = 'converge/boot';
const lastKey = 'converge/last';
const scriptKey = 'converge/script';

export interface Change {
  readonly changes: readonly StateChange[];
  readonly reports: readonly PendingReport[];
}

export interface PhaseOf {
  readonly phase: Phase;
  readonly detail?: string;
}

/** How far a converge is. */
export interface Progress {
  readonly record: ConvergeRecord;
  /** The script that begins; undefined: none is under way. */
  readonly script: BegunScript | undefined;
  /** Of the daemon, when this is its converge at boot. */
  readonly life: string | undefined;
  /** Reports that come before the converge's own. */
  readonly told: readonly PendingReport[];
  /** The phase that begins with it. */
  readonly phase: PhaseOf | undefined;
}

const textsOf = (value: Json | undefined): Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : []))) : {};

const readScript = (value: Json | undefined): BegunScript | undefined => {
  const { id, project, script, spec } = textsOf(value);
  return id === undefined || project === undefined || script === undefined || spec === undefined ? undefined : { id, project, script, spec };
};

type Bare<K extends 'converge' | 'log' | 'phase'> = Omit<EventOf<K>, 'id' | 'at' | 'trace'>;
type Told = Bare<'converge'> | Bare<'log'> | Bare<'phase'>;

/** The last converge, as a state has it. */
export const lastConverge = (state: Pick<NodeState, 'get'>): ConvergeRecord | undefined => readRecord(state.get(lastKey));

export class ConvergeMemory {
  readonly #state: NodeState;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor({ clock, random, state }: { readonly state: NodeState; readonly clock: Clock; readonly random: Random }) {
    this.#state = state;
    this.#clock = clock;
    this.#random = random;
  }

  last(): ConvergeRecord | undefined {
    return lastConverge(this.#state);
  }

  script(): BegunScript | undefined {
    return readScript(this.#state.get(scriptKey));
  }

  hadBoot(life: string): boolean {
    return this.#state.get(bootKey) === life;
  }

  /** To be kept with `keep`, also more than once. */
  change({ life, phase, record, script, told }: Progress, trace: TraceContext | undefined): Change {
    const { done, failure, outcome, run, step, total, trigger } = record;
    const event = this.#report({ kind: 'converge', run, trigger, outcome, done, total, ...(step && { step }), ...(failure && { failure }) }, trace);
    return {
      changes: [
        { key: lastKey, value: recordJson(record) },
        { key: scriptKey, value: script === undefined ? undefined : { ...script } },
        ...(life === undefined ? [] : [{ key: bootKey, value: life }]),
      ],
      reports: [...told, event, ...(phase === undefined ? [] : [this.#report({ kind: 'phase', ...phase }, trace)])],
    };
  }

  warning(message: string, trace: TraceContext | undefined): PendingReport {
    return this.#report({ kind: 'log', level: 'warn', priority: 'medium', message }, trace);
  }

  keep({ changes, reports }: Change): Promise<Result<void>> {
    return this.#state.change(changes, reports);
  }

  #report(told: Told, trace: TraceContext | undefined): PendingReport {
    const at = this.#clock.now();
    return { event: { ...told, id: uuid7(at, this.#random), at }, trace };
  }
}
