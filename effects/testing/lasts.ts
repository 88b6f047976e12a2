// Waiting for work that waits for both a manual clock and the machine.
import type { ManualClock } from '../manual-clock.ts';

/** A disk or a socket on a busy machine still has many turns before the time limits of what waits for it are over. */
const msPerTurn = 20;

const patienceMs = 20_000;

/** Lets the clock go on, 20 ms for every turn of a real millisecond or more, until the work is over. What that took by the clock. */
export const lasts = async (clock: ManualClock, work: Promise<unknown>): Promise<number> => {
  const from = clock.monotonic();
  const end = performance.now() + patienceMs;
  const over = work.then(
    () => true,
    () => true,
  );
  const aTurn = (): Promise<false> => new Promise((resolve) => void setTimeout(() => resolve(false), 1));
  while (!(await Promise.race([over, aTurn()]))) {
    if (performance.now() > end) throw new Error(`waited ${patienceMs} ms in vain for work to be over`);
    await clock.advance(msPerTurn);
  }
  return clock.monotonic() - from;
};
