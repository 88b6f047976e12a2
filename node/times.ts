// How often and how long, on a real cluster. The cluster in a box and tests take their own.
import type { ConvergeTimes } from '../actors/node/converge/converge.ts';
import type { HealthTimes } from '../actors/node/health/healthcheck.ts';
import type { SyncTimes } from '../actors/node/sync/sync.ts';

/** Milliseconds. */
export interface NodeTimes extends SyncTimes, ConvergeTimes, HealthTimes {
  readonly checkTimeoutMs: number;
}

export const nodeTimes: NodeTimes = {
  heartbeatMs: 10_000,
  registerAgainMs: 1_000,
  bootGraceMs: 10_000,
  scriptTimeoutMs: 3_600_000,
  // Reference, section 9: every ten minutes on Linux.
  everyMs: 600_000,
  checkTimeoutMs: 60_000,
};
