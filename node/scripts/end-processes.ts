// Ending processes that may refuse, multiply or hang in the kernel: asked first, then ended, again and again until none is left,
// and not for ever.
import { pause, type Clock } from '../../effects/clock.ts';

/** From the request to end to the end. */
export const defaultGraceMs = 5_000;

/** How long what cannot be ended is tried: a process in the middle of a system call ends only after it. */
const persistMs = 5_000;

const lookEveryMs = 50;

const signal = (pids: readonly number[], name: 'SIGTERM' | 'SIGKILL'): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile, or belongs to somebody else: the next look tells.
    }
  }
};

export type Find = () => Promise<readonly number[]>;

/** Ends what `find` finds, at once. Resolves with how many it was, and how many are left in spite of it. */
export const killProcesses = async (find: Find, clock: Clock): Promise<{ readonly found: number; readonly left: number }> => {
  const seen = new Set<number>();
  const end = clock.monotonic() + persistMs;
  let pids = await find();
  while (pids.length > 0) {
    for (const pid of pids) seen.add(pid);
    signal(pids, 'SIGKILL');
    if (clock.monotonic() >= end) break;
    await pause(clock, lookEveryMs);
    pids = await find();
  }
  return { found: seen.size, left: pids.length };
};

/** The same, but asks first and gives them `graceMs`. */
export const endProcesses = async (find: Find, clock: Clock, graceMs: number): Promise<{ readonly found: number; readonly left: number }> => {
  const end = clock.monotonic() + graceMs;
  const asked = await find();
  signal(asked, 'SIGTERM');
  let left = asked;
  while (left.length > 0 && clock.monotonic() < end) {
    await pause(clock, lookEveryMs);
    left = await find();
  }
  const killed = await killProcesses(find, clock);
  return { found: Math.max(asked.length, killed.found), left: killed.left };
};
