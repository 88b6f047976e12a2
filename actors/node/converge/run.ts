// One converge as far as it has come: plain data and what follows from it. The actor in converge.ts moves it on.
import type { Card } from '../../../protocol/card.ts';
import type { ConvergeTrigger } from '../../../protocol/events.ts';
import type { Failure } from '../../../protocol/result.ts';
import type { ConvergeConfiguration } from './configuration.ts';
import type { ConvergeStep } from './ports.ts';
import type { Asker, Wanted } from './queue.ts';
import { mostIds, type ConvergeRecord } from './record.ts';

export interface Run {
  readonly id: string;
  /** Of all that were asked for and became this one; none under which nobody asked. */
  readonly ids: readonly string[];
  readonly trigger: ConvergeTrigger;
  readonly rerunScripts: boolean;
  /** Whether the projects are taken as they lie in the home. */
  readonly noSync: boolean;
  /** Whether it tells more of what it does. Not kept: one that is taken up again tells as much as is then asked for. */
  readonly debug: boolean;
  /** Whether the system calls of its scripts are written down. Not kept either. */
  readonly strace: boolean;
  /** Of the boot's: which one, from 1. */
  readonly attempt: number;
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

/** One that was interrupted keeps its name, those it stands for, its beginning, whether it runs everything again, and where it has the projects from. */
export const beginRun = (
  { asks, attempt, boot }: Wanted,
  configuration: ConvergeConfiguration,
  interrupted: ConvergeRecord | undefined,
  { id, monotonic, now }: { readonly id: string; readonly now: number; readonly monotonic: number },
): Run => {
  const asked = asks.flatMap((ask) => ask.id ?? []);
  return {
    id: interrupted?.run ?? asked[0] ?? id,
    ids: [...new Set([...(interrupted?.ids ?? []), ...asked])].slice(0, mostIds),
    trigger: boot ? 'boot' : (asks[0]?.trigger ?? interrupted?.trigger ?? 'boot'),
    rerunScripts: interrupted?.rerunScripts ?? asks.some(({ rerunScripts }) => rerunScripts),
    noSync: interrupted === undefined ? !boot && asks.length > 0 && asks.every(({ noSync }) => noSync) : interrupted.noSync === true,
    debug: asks.some(({ debug }) => debug),
    strace: asks.some(({ strace }) => strace),
    attempt: interrupted?.attempt ?? attempt,
    startedAt: interrupted?.startedAt ?? now,
    begun: monotonic,
    configuration,
    steps: [],
    at: 0,
    ran: 0,
    skipped: 0,
    passedOver: undefined,
    askers: asks.map(({ asker }) => asker),
  };
};

export const nameOfStep = ({ project, script, spec }: ConvergeStep): string => `${project}/${spec} ${script}`;

/** Whether a step needs no run: it has run, and not only before a converge that runs everything again began. */
export const isDone = ({ id, rerunScripts }: Run, { ranIn }: ConvergeStep): boolean => ranIn !== undefined && (!rerunScripts || ranIn === id);

export const isFirstOfSpec = ({ at, steps }: Run): boolean => {
  const [before, step] = [steps[at - 1], steps[at]];
  return before === undefined || step === undefined || before.project !== step.project || before.spec !== step.spec;
};

/** `step` is there while one is under way. */
export const recordOf = ({ at, attempt, id, ids, noSync, ran, rerunScripts, skipped, startedAt, steps, trigger }: Run): ConvergeRecord => {
  const step = steps[at];
  const name = step === undefined ? {} : { step: nameOfStep(step) };
  return { run: id, trigger, outcome: 'running', done: ran + skipped, total: steps.length, ...name, rerunScripts, ...(noSync ? { noSync } : {}), ids: [...ids], attempt, startedAt };
};

/** A run's end: well, or with a failure and its card. */
export type End = { readonly ok: true } | { readonly ok: false; readonly failure: Failure; readonly card: Card };

/** A step that failed stays named. */
export const endedRecord = (run: Run, end: End, { monotonic, now }: { readonly now: number; readonly monotonic: number }): ConvergeRecord => {
  const record = { ...recordOf(run), endedAt: now };
  if (!end.ok) return { ...record, outcome: 'failed', failure: end.card, code: end.failure.code };
  const { passedOver, ran, skipped } = run;
  return { ...record, outcome: 'succeeded', ran, skipped, passedOver, durationMs: Math.round(monotonic - run.begun) };
};

const scripts = (count: number): string => `${count} ${count === 1 ? 'script' : 'scripts'}`;

/** One line for the phase. */
export const endText = ({ attempt, configuration: { attempts }, passedOver, ran, skipped, trigger }: Run, end: End): string => {
  if (!end.ok) return trigger === 'boot' && attempts > 1 ? `attempt ${attempt} of ${attempts}: ${end.card.summary}` : end.card.summary;
  const failures = passedOver === undefined ? '' : '; a failure was passed over';
  return `${scripts(ran)} ran, ${skipped} had run before${failures}`;
};
