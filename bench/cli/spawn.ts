// Programs started one after the other, each waited for to its end, by a shell: scripts are what calls a command line. Node itself,
// which has hundreds of MiB to make a copy of, takes longer to start a program than a small program takes to run.
import { spawnSync } from 'node:child_process';
import { systemClock } from '../../effects/clock.ts';
import { spread } from '../harness.ts';

export interface Spawn {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Milliseconds from the start of a program to its end. Throws when it does not end well. */
export const spawnMs = ({ args, command, env = {} }: Spawn): number => {
  const { PATH = '', HOME = '' } = process.env;
  const begun = systemClock.monotonic();
  const { error, status, stderr } = spawnSync(command, args, { env: { PATH, HOME, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  const spent = systemClock.monotonic() - begun;
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${status}: ${stderr.toString().trim()}`);
  return spent;
};

/** `count` runs in a shell's loop. */
export const looped = (count: number, { args, command, env }: Spawn): Spawn => ({
  command: 'sh',
  args: ['-c', `i=0; while [ $i -lt ${count} ]; do "$@" || exit 1; i=$((i + 1)); done`, 'sh', command, ...args],
  ...(env === undefined ? {} : { env }),
});

const inLoop = 10;

/** Of one run, in the median of so many loops of ten. */
export const medianMs = (loops: number, spawn: Spawn): number => spread(Array.from({ length: loops }, () => spawnMs(looped(inLoop, spawn)) / inLoop)).median;
