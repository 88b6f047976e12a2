// A round of health checks: every check once. Who asked for it waits for its end; who must not be answered by it waits for the
// one that follows.
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';
import type { Finding } from './finding.ts';
import type { CheckSummary, HealthSummary } from './healthcheck.ts';

type Askers = ReadonlyArray<Reply<Result<HealthSummary>>>;

export interface Round {
  /** Monotonic milliseconds. */
  readonly began: number;
  /** Results that are still to come. */
  readonly left: number;
  readonly found: readonly CheckSummary[];
  readonly askers: Askers;
  /** For whom another round follows this one. */
  readonly next: Askers;
  /** The node had converged when it began. */
  readonly converged: boolean;
  /** A keepalive ended meanwhile: what this round held off may have to be asked for. */
  readonly again: boolean;
}

/** Not more than these wait for one round: an asker that gave up is not known to have gone. */
const mostAskers = 64;

export const newRound = (began: number, askers: Askers, converged: boolean): Round => ({ began, left: 0, found: [], askers, next: [], converged, again: false });

/** With one more who waits for this round, or for the one after it. One too many is answered `busy` at once. */
export const withAsker = (round: Round, whose: 'askers' | 'next', reply: Reply<Result<HealthSummary>>): Round => {
  if (round[whose].length < mostAskers) return { ...round, [whose]: [...round[whose], reply] };
  reply(fail('busy', `${mostAskers} requests wait for the health checks already`));
  return round;
};

/** One of the results that it waits for has come. */
export const withResult = (round: Round, found: CheckSummary | undefined): Round => ({
  ...round,
  left: round.left - 1,
  found: found === undefined ? round.found : [...round.found, found],
});

export const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : Number(a.name > b.name));

export const summaryOf = (name: string, { message, status }: Finding): CheckSummary => ({ name, status, ...(message !== undefined && { message }) });

export const endedWithDaemon = fail('actor_stopped', 'the checks were ended with the daemon');

export const answerAskers = (round: Round, stopped: boolean): void => {
  const summary: HealthSummary = { checks: round.found.toSorted(byName) };
  for (const reply of round.askers) reply(stopped ? endedWithDaemon : ok(summary));
};
