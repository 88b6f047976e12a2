// What a front has left to the commands, as those of the stage tell it.

/** Long enough for a program to begin on a machine that has others to run, and no patience of the front's is as long. */
export const soonMs = 6_000;

/** Under which id, and after how long. */
export const handover = (out: string): { readonly id: string | undefined; readonly waitedMs: number } => {
  const [, id, waitedMs] = /^handed over: (\S+) (\d+)\n/.exec(out) ?? [];
  return { id, waitedMs: Number(waitedMs) };
};

/** How long a daemon was waited for in vain. */
export const waited = (out: string): string => {
  const { waitedMs } = handover(out);
  return waitedMs >= 1_000 && waitedMs < soonMs ? 'a second' : `${waitedMs} ms`;
};

/** Lines of numbers. */
export const textOf = (bytes: number): string => Array.from({ length: Math.ceil(bytes / 8) }, (_, index) => String(index).padStart(7, '0')).join('\n').slice(0, bytes);
