// Ending processes that may refuse, multiply or hang in the kernel: asked first, then ended, again and again until none is left,
// and not for ever.
//
// A look at /proc takes its time, and what forks and exits meanwhile is not in it. So every signal goes to whole groups, which the
// kernel holds still for it, and to the group a job began with even when no look finds anybody there; and one look that finds
// nothing proves nothing. Only what multiplies that fast and makes a group of its own each time may still get away.
import { pause, type Clock } from '../../effects/clock.ts';
import type { Running } from './processes.ts';

/** From the request to end to the end. */
export const defaultGraceMs = 5_000;

/** How long what cannot be ended is tried: a process in the middle of a system call ends only after it. */
const persistMs = 5_000;

const lookEveryMs = 50;

/** So many looks in a row that find nothing mean that nothing is there. */
const looksInVain = 2;

export interface Target {
  /** What there is to end, as far as one look tells. */
  readonly find: () => Promise<readonly Running[]>;
  /** The group it began with, as long as that cannot be anybody else's. */
  readonly group?: () => number | undefined;
}

interface Ended {
  /** How many were seen. */
  readonly found: number;
  /** How many are left in spite of it. */
  readonly left: number;
}

const kill = (pid: number, name: 'SIGTERM' | 'SIGKILL'): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile, or belongs to somebody else: the next look tells.
  }
};

/** Everybody once. */
const signal = (found: readonly Running[], group: number | undefined, name: 'SIGTERM' | 'SIGKILL'): void => {
  const groups = new Set([group, ...found.map((running) => running.group)].filter((one) => one !== undefined));
  for (const one of groups) kill(-one, name);
  for (const { group: own, pid } of found) if (own === undefined) kill(pid, name);
};

/** Looks until nothing is there any more, or `ms` are over. `each` gets what every look found. */
const lookOn = async ({ find }: Target, clock: Clock, ms: number, each: (found: readonly Running[], look: number) => void): Promise<number> => {
  const end = clock.monotonic() + ms;
  let vain = 0;
  for (let look = 0; ; look += 1) {
    const found = await find();
    vain = found.length === 0 ? vain + 1 : 0;
    each(found, look);
    // A first look in vain is never the last one, whatever the time.
    if (vain === looksInVain || (vain === 0 && clock.monotonic() >= end)) return found.length;
    await pause(clock, lookEveryMs);
  }
};

/** Ends what it finds, at once. */
export const killProcesses = async (target: Target, clock: Clock): Promise<Ended> => {
  const seen = new Set<number>();
  const left = await lookOn(target, clock, persistMs, (found) => {
    for (const { pid } of found) seen.add(pid);
    signal(found, target.group?.(), 'SIGKILL');
  });
  return { found: seen.size, left };
};

/** The same, but asks first and gives them `graceMs`. */
export const endProcesses = async (target: Target, clock: Clock, graceMs: number): Promise<Ended> => {
  let asked = 0;
  await lookOn(target, clock, graceMs, (found, look) => {
    if (look > 0) return;
    asked = found.length;
    signal(found, target.group?.(), 'SIGTERM');
  });
  const killed = await killProcesses(target, clock);
  return { found: Math.max(asked, killed.found), left: killed.left };
};
