// Waiting for a condition, with a bound and a reason: the only kind of waiting that tests do.

/** Between two looks: soon again at first, for most are there at once, then at leisure, for a look may cost others their processor. */
const pauses = { firstMs: 5, longestMs: 100 } as const;

/**
 * Resolves with the first value of `probe` that is neither undefined nor false. A probe that throws counts as not yet.
 * Rejects after `withinMs`, naming what was waited for and the last thing that was wrong.
 */
export const waitFor = async <T>(what: string, probe: () => T | undefined | false | Promise<T | undefined | false>, withinMs = 20_000): Promise<T> => {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  let pauseMs: number = pauses.firstMs;
  while (performance.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(2 * pauseMs, pauses.longestMs);
  }
  throw new Error(`waited ${withinMs} ms in vain for ${what}`, { cause: last });
};
