// Running somebody's script, as actors need it; node/scripts/ provides it.
import type { Result } from '../../protocol/result.ts';

export interface ScriptJob {
  /** A UUID. Stands in the script's environment as JETPACK_RUN, so that what it started can be found even after a crash. */
  readonly id: string;
  /** Absolute path. Without an execute bit it is run by the interpreter that its first line or its name tells. */
  readonly file: string;
  readonly arguments?: readonly string[];
  /** Working directory. */
  readonly cwd: string;
  /** What it gets beside the environment that every script has. */
  readonly env: Readonly<Record<string, string>>;
  /** Then it is asked to end, and a little later ended, with all that it started. */
  readonly timeoutMs: number;
  /** A file that takes what it writes, as far as the bound on output goes; begun anew. */
  readonly output?: string;
  /** A file that takes the system calls of it and of all that it starts, as far as the bound on output goes; begun anew. */
  readonly strace?: string;
  /** Whether what it left running in the background goes on when it ended by itself. Otherwise that ends with it. */
  readonly keepsBackground: boolean;
  /** Ends it as the time limit does. */
  readonly signal?: AbortSignal;
}

export type ScriptEnding =
  | { readonly type: 'exited'; readonly code: number }
  | { readonly type: 'signalled'; readonly signal: string }
  | { readonly type: 'timedOut'; readonly afterMs: number }
  | { readonly type: 'aborted' }
  /** It could not be started; `reason` completes "it …". */
  | { readonly type: 'unstartable'; readonly reason: string };

export interface ScriptResult {
  readonly ending: ScriptEnding;
  /** The end of standard output and standard error, mixed as they came: valid text, at most 4 KiB and 40 lines. */
  readonly tail: string;
  /** Bytes it wrote in all; more than the bound are counted and thrown away. */
  readonly bytes: number;
  readonly durationMs: number;
  /** What a person should know although it ran: no execute bit, output cut off, something left in the background. */
  readonly warnings: readonly string[];
}

export interface ScriptRunner {
  /** Never rejects. */
  run(job: ScriptJob): Promise<ScriptResult>;
  /** Whether a job may ask for `strace`. Fails with `tool_missing`. */
  mayTrace(): Promise<Result<void>>;
  /** Ends whatever still runs of these jobs, from an earlier life of the daemon. Resolves with how many processes that were. */
  endLeftovers(ids: readonly string[]): Promise<number>;
}
