// How late the event loop runs its timers. A loop that stands still sends no heartbeat and answers no confirm in time, so
// what looks like a broken connection may be this process.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../effects/clock.ts';

/** Seconds. */
export interface EventLoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const resolutionMs = 20;
/** One export asks once for each metric, and is to be told of one stretch of time. */
const exportMs = 10;

/**
 * Measures from now on, at the cost of a timer that does not keep the process alive. The result tells of the time since it
 * was last asked.
 */
export const measureEventLoop = (clock: Clock): (() => EventLoopDelay) => {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  // Each sample is the whole time between two ticks.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000);
  let readAt = Number.NEGATIVE_INFINITY;
  let delay: EventLoopDelay = { p50: 0, p99: 0, max: 0 };
  return () => {
    if (histogram.count === 0 || clock.monotonic() - readAt < exportMs) return delay;
    readAt = clock.monotonic();
    delay = { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) };
    histogram.reset();
    return delay;
  };
};
