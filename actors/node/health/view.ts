import type { KeptHealth } from './kept-health.ts';
import { byName } from './round.ts';
import type { CheckSummary } from './healthcheck.ts';

export interface HealthView {
  /** What checks found and what somebody set, in order of name. `since`, `lastRoundAt`: wall clock, milliseconds. */
  readonly conditions: ReadonlyArray<CheckSummary & { readonly since: number }>;
  readonly lastRoundAt?: number;
  readonly running: boolean;
  /** A request to the server that stands. */
  readonly termination?: { readonly request: string; readonly check: string; readonly reason: string };
}

export const healthView = (kept: KeptHealth, lastRoundAt: number | undefined, running: boolean): HealthView => {
  const [standing] = kept.terminations();
  const all = [...kept.conditions(), ...kept.setByHand()];
  return {
    conditions: all.map(([name, { message, since, status }]) => ({ name, status, since, ...(message !== undefined && { message }) })).toSorted(byName),
    running,
    ...(lastRoundAt !== undefined && { lastRoundAt }),
    ...(standing !== undefined && { termination: { ...standing[1], check: standing[0] } }),
  };
};
