// Ends this process as kill -9 would, when it comes to a chosen stage for the nth time.
//
// Nothing runs after it: no handler, no flush, no finally. What was handed to the operating system before is there, what
// was not is gone.
import { writeSync } from 'node:fs';
import type { Stage } from './stages.ts';

export interface FuseSetting {
  readonly stage: Stage;
  readonly nth: number;
}

/** Told of every stage as it is reached. */
export type Reached = (stage: Stage) => void;

const variables = { stage: 'CRASH_STAGE', nth: 'CRASH_NTH' } as const;

/** The setting as the environment of a program. */
export const fuseEnvironment = ({ stage, nth }: FuseSetting): Readonly<Record<string, string>> => ({ [variables.stage]: stage, [variables.nth]: String(nth) });

/** The fuse that the environment sets. Its last word on standard output is the stage. */
export const fuseFrom = (env: Readonly<Record<string, string | undefined>>): Reached => {
  let left = Number(env[variables.nth]);
  return (stage) => {
    if (stage !== env[variables.stage]) return;
    left -= 1;
    if (left > 0) return;
    writeSync(1, `${stage}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
};
