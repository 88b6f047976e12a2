/** Resolves as soon as the condition holds; looks again on every turn of the event loop. The test's own time-out bounds it. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};
