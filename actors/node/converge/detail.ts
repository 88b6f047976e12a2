// What a converge says besides when it is asked for every step, `--debug`. Of environments the names alone: a value may be a secret.
import type { ScriptJob, ScriptResult } from '../scripts.ts';
import { endingText } from './card.ts';
import type { ConvergeStep } from './ports.ts';
import { isDone, nameOfStep, type Run } from './run.ts';

const standing = (run: Run, step: ConvergeStep): string => {
  if (isDone(run, step)) return 'has run';
  return step.ranIn === undefined ? step.standing : 'will run again';
};

export const stepLines = (run: Run): readonly string[] =>
  run.steps.map((step, index) => `Step ${index + 1} of ${run.steps.length}: ${nameOfStep(step)}, content ${step.sha256.slice(0, 12)}, ${standing(run, step)}`);

export const jobLines = ({ script }: ConvergeStep, { cwd, env, strace, timeoutMs }: ScriptJob): readonly string[] => [
  `Script ${script}: in ${cwd}, for ${Math.round(timeoutMs / 1_000)} s at most, with ${Object.keys(env).toSorted().join(', ')}`,
  ...(strace === undefined ? [] : [`Script ${script}: its system calls are written to ${strace}`]),
];

export const resultLines = ({ script }: ConvergeStep, { bytes, durationMs, ending, tail }: ScriptResult): readonly string[] => [
  `Script ${script}: ${endingText(ending) ?? 'return code: 0'}, after ${(durationMs / 1_000).toFixed(1)} s, with ${bytes} bytes of output`,
  ...(tail.trim() === '' ? [] : tail.trimEnd().split('\n').map((line) => `  | ${line}`)),
];
