// Waiting for a condition, with a bound and a reason: the only kind of waiting that tests do.

const everyMs = 25;

/**
 * Resolves with the first value of `probe` that is neither undefined nor false. A probe that throws counts as not yet.
 * Rejects after `withinMs`, naming what was waited for and the last thing that was wrong.
 */
export const waitFor = async <T>(what: string, probe: () => T | undefined | false | Promise<T | undefined | false>, withinMs = 20_000): Promise<T> => {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`waited ${withinMs} ms in vain for ${what}`, { cause: last });
};
