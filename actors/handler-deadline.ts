// A handler that returned a promise is waited for, but not without end. Whichever comes first decides: it ends, it fails,
// its time is up, or its actor is forced to stop. What the handler does after that is never looked at, so a late result
// cannot overwrite the state of whoever came next.
import type { Clock } from '../effects/clock.ts';
import type { Commit } from './behaviour.ts';

export interface Awaited {
  /** Whether the handler ended, its state made current. Rejects when it failed or its time was up; false when abandoned. */
  readonly done: Promise<boolean>;
  readonly abandon: () => void;
}

export const awaitHandler = (clock: Clock, ms: number, work: Promise<Commit>, expired: () => Error): Awaited => {
  const { promise: done, resolve, reject } = Promise.withResolvers<boolean>();
  let waiting = true;
  const once = (decide: () => void): void => {
    if (!waiting) return;
    waiting = false;
    cancel();
    decide();
  };
  const cancel = clock.after(ms, () => once(() => reject(expired())));
  work.then(
    (commit) =>
      once(() => {
        commit();
        resolve(true);
      }),
    (error: unknown) => once(() => reject(error)),
  );
  return { done, abandon: () => once(() => resolve(false)) };
};

/** Whether `work` ended within `ms`. Rejects when it failed within that time. */
export const endsWithin = async (clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> => {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.after(ms, () => resolve(false));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    cancel();
  }
};
