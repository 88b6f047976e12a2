// One converge as far as it has come: plain data and what follows from it. The actor in converge.ts moves it on.
import type { Card } from '../../../protocol/card.ts';
import type { SpecReference, Tree } from '../../../protocol/configuration.ts';
import type { ConvergeTrigger } from '../../../protocol/events.ts';
import type { Failure } from '../../../protocol/result.ts';
import type { ConfigurationKnown } from '../config/config.ts';
import type { ConvergeReport } from './converge.ts';
import type { ConvergeStep } from './ports.ts';
import type { Asker, Wanted } from './queue.ts';
import type { ConvergeRecord } from './record.ts';

/** What a configuration says about converging. */
export interface ConvergeConfiguration {
  readonly specs: readonly SpecReference[];
  readonly locker: string | undefined;
  /** What could not be read of the specs: nothing can be converged then. */
  readonly flaw: string | undefined;
  /** Whether a script that fails ends the converge. */
  readonly failOnError: boolean;
}

const memberOf = (tree: Tree, key: string): unknown => (Object.hasOwn(tree, key) ? tree[key] : undefined);

/** `cluster_init.fail_on_error` (reference, section 8). A template's values may come as text. */
const failsOnError = (tree: Tree): boolean => {
  const group = memberOf(tree, 'cluster_init');
  const value = typeof group === 'object' && group !== null && 'fail_on_error' in group ? group.fail_on_error : undefined;
  return String(value).toLowerCase() !== 'false';
};

export const configurationOf = ({ flaw, locker, specs, tree }: ConfigurationKnown): ConvergeConfiguration => ({ specs, locker, flaw, failOnError: failsOnError(tree) });

export interface Run {
  readonly id: string;
  readonly trigger: ConvergeTrigger;
  readonly rerunScripts: boolean;
  /** Wall clock. */
  readonly startedAt: number;
  /** Monotonic clock. */
  readonly begun: number;
  readonly configuration: ConvergeConfiguration;
  /** None until the projects are there. */
  readonly steps: readonly ConvergeStep[];
  /** Index of the step that is under way or comes next. */
  readonly at: number;
  readonly ran: number;
  readonly skipped: number;
  /** The first failure that was passed over. */
  readonly passedOver: Card | undefined;
  readonly askers: readonly Asker[];
}

/** One that was interrupted keeps its name, its beginning, and whether it runs everything again. */
export const beginRun = (
  { askers, id: asked, rerunScripts, trigger }: Wanted,
  configuration: ConvergeConfiguration,
  interrupted: ConvergeRecord | undefined,
  { id, monotonic, now }: { readonly id: string; readonly now: number; readonly monotonic: number },
): Run => ({
  id: interrupted?.run ?? asked ?? id,
  trigger,
  rerunScripts: rerunScripts || interrupted?.rerunScripts === true,
  startedAt: interrupted?.startedAt ?? now,
  begun: monotonic,
  configuration,
  steps: [],
  at: 0,
  ran: 0,
  skipped: 0,
  passedOver: undefined,
  askers,
});

const nameOfStep = ({ project, script, spec }: ConvergeStep): string => `${project}/${spec} ${script}`;

/** Whether a step needs no run: it has run, and not only before a converge that runs everything again began. */
export const isDone = ({ id, rerunScripts }: Run, { ranIn }: ConvergeStep): boolean => ranIn !== undefined && (!rerunScripts || ranIn === id);

export const isFirstOfSpec = ({ at, steps }: Run): boolean => {
  const [before, step] = [steps[at - 1], steps[at]];
  return before === undefined || step === undefined || before.project !== step.project || before.spec !== step.spec;
};

/** `step` is there while one is under way. */
export const recordOf = ({ at, id, ran, rerunScripts, skipped, startedAt, steps, trigger }: Run): ConvergeRecord => {
  const step = steps[at];
  const name = step === undefined ? {} : { step: nameOfStep(step) };
  return { run: id, trigger, outcome: 'running', done: ran + skipped, total: steps.length, ...name, rerunScripts, startedAt };
};

/** A run's end: well, or with a failure and its card. */
export type End = { readonly ok: true } | { readonly ok: false; readonly failure: Failure; readonly card: Card };

/** A step that failed stays named. */
export const endedRecord = (run: Run, end: End, endedAt: number): ConvergeRecord =>
  end.ok ? { ...recordOf(run), outcome: 'succeeded', endedAt } : { ...recordOf(run), outcome: 'failed', failure: end.card, endedAt };

export const reportOf = ({ begun, id, passedOver, ran, skipped }: Run, now: number): ConvergeReport => ({
  run: id,
  ran,
  skipped,
  ...(passedOver === undefined ? {} : { failed: passedOver }),
  durationMs: Math.round(now - begun),
});

const scripts = (count: number): string => `${count} ${count === 1 ? 'script' : 'scripts'}`;

/** One line for the phase. */
export const endText = ({ passedOver, ran, skipped }: Run, end: End): string => {
  if (!end.ok) return end.card.summary;
  const failures = passedOver === undefined ? '' : '; a failure was passed over';
  return `${scripts(ran)} ran, ${skipped} had run before${failures}`;
};
