// Programs started one after the other, each waited for to its end.
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

/** The median of so many runs. */
export const medianMs = (runs: number, spawn: Spawn): number => spread(Array.from({ length: runs }, () => spawnMs(spawn))).median;
