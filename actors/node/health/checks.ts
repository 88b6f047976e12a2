// Health checks, as their actor needs them; node/checks/ provides them.
import type { Result } from '../../../protocol/result.ts';
import type { ScriptResult } from '../scripts.ts';

export interface CheckScript {
  /** Its file's name; what it is called everywhere. */
  readonly name: string;
  readonly file: string;
  /** Why it must not be run; completes "it …". */
  readonly refusal: string | undefined;
}

export interface Checks {
  /** Every check there is now; none is no failure. Fails with `file_unreadable`: then nothing is known of any. */
  list(): Promise<Result<readonly CheckScript[]>>;
  /** Within its time limit. Never rejects. */
  run(check: CheckScript, signal: AbortSignal): Promise<ScriptResult>;
}
