/** Runs when the signal aborts, at once when it has already. The result takes the wish back. */
export const onAbort = (signal: AbortSignal, run: () => void): (() => void) => {
  if (signal.aborted) {
    run();
    return () => undefined;
  }
  signal.addEventListener('abort', run, { once: true });
  return () => signal.removeEventListener('abort', run);
};
