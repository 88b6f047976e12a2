// Runs one script of a converge: what it finds in its environment (reference, section 4), and its marker when it ends well.
import type { Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import type { ConvergeStep, Projects } from './ports.ts';
import type { ScriptJob, ScriptResult, ScriptRunner } from '../scripts.ts';

export interface ScriptPlace {
  /** The node's home. */
  readonly home: string;
  /** The folder of the `jetpack` command. */
  readonly binFolder: string;
  /** The PATH that scripts would have without it. */
  readonly searchPath: string;
  readonly scriptTimeoutMs: number;
}

export interface RanScript {
  readonly result: ScriptResult;
  /** Of a script that ended well: whether that is remembered. */
  readonly marked: Result<void> | undefined;
}

/** Beside what the script writes. */
const straceFile = ({ log }: ConvergeStep): string => `${log}.strace`;

export const jobOf = (step: ConvergeStep, id: string, { binFolder, home, scriptTimeoutMs, searchPath }: ScriptPlace, trace: TraceContext | undefined, strace = false): ScriptJob => ({
  id,
  file: step.file,
  cwd: step.folder,
  env: {
    CYCLECLOUD_HOME: home,
    JETPACK_HOME: home,
    CYCLECLOUD_PROJECT_NAME: step.project,
    CYCLECLOUD_PROJECT_PATH: step.projectPath,
    CYCLECLOUD_PROJECT_VERSION: step.version,
    CYCLECLOUD_SPEC_NAME: step.spec,
    CYCLECLOUD_SPEC_PATH: step.specPath,
    // An empty part would be the working directory.
    PATH: searchPath === '' ? binFolder : `${binFolder}:${searchPath}`,
    ...(trace === undefined ? {} : { TRACEPARENT: trace.traceparent }),
    ...(trace?.tracestate === undefined ? {} : { TRACESTATE: trace.tracestate }),
  },
  timeoutMs: scriptTimeoutMs,
  output: step.log,
  ...(strace ? { strace: straceFile(step) } : {}),
  keepsBackground: true,
});

/** One effect, so that a script which ended well leaves its marker whatever becomes of the actor meanwhile. */
export const runScript = async (
  step: ConvergeStep,
  job: ScriptJob,
  run: string,
  { projects, scripts }: { readonly projects: Projects; readonly scripts: ScriptRunner },
): Promise<RanScript> => {
  const result = await scripts.run(job);
  const endedWell = result.ending.type === 'exited' && result.ending.code === 0;
  return { result, marked: endedWell ? await projects.mark(step, { run, job: job.id }) : undefined };
};
