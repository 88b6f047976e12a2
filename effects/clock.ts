// Time as a parameter. Wall-clock time (`now`) is for people and for records that outlive a boot; every deadline,
// back-off and window uses `monotonic`, which no clock step can move.

export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  /**
   * Runs `run` once after `ms` milliseconds, on a later turn also for 0. Calling the result prevents it. The machine's
   * clock waits 24 days at most.
   */
  after(ms: number, run: () => void): Cancel;
}

/** What setTimeout takes: for anything longer it fires at once, and for less than nothing it complains. */
const timerMs = (ms: number): number => Math.min(Math.max(ms, 0), 2 ** 31 - 1);

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, timerMs(ms));
    return () => clearTimeout(timer);
  },
};

/** The same, for timers that nobody waits for: they do not keep a process alive that has nothing else to do. */
export const backgroundClock: Clock = {
  ...systemClock,
  after(ms, run) {
    const timer = setTimeout(run, timerMs(ms)).unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when `signal` aborts: a cancellable wait, never an error. */
export const pause = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
