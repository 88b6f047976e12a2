import { systemClock } from '../../effects/clock.ts';

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** The value that a share `of` of all values does not pass. */
export const percentile = (values: readonly number[], of: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * of) - 1)] ?? Number.NaN;
};

/** Does `work` so many times, one after another; a tenth more before that does not count. */
export const latencies = async (times: number, work: () => Promise<void>): Promise<Latency> => {
  const spent: number[] = [];
  for (let index = -Math.ceil(times / 10); index < times; index += 1) {
    const begun = systemClock.monotonic();
    await work();
    if (index >= 0) spent.push(systemClock.monotonic() - begun);
  }
  return { p50: percentile(spent, 0.5), p99: percentile(spent, 0.99) };
};
