import type { HealthRecords } from './records.ts';
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

export const healthView = (records: HealthRecords, lastRoundAt: number | undefined, running: boolean): HealthView => {
  const [standing] = records.terminations();
  const all = [...records.conditions(), ...records.setByHand()];
  return {
    conditions: all.map(([name, { message, since, status }]) => ({ name, status, since, ...(message !== undefined && { message }) })).toSorted(byName),
    running,
    ...(lastRoundAt !== undefined && { lastRoundAt }),
    ...(standing !== undefined && { termination: { ...standing[1], check: standing[0] } }),
  };
};
