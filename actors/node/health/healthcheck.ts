// Runs the node's health checks and tells what they find (reference, section 9).
//
// States: `resting` until the next round is due, and `round`: every check runs once, in name order, a few at a time. A round begins
// a little after the start, then in intervals, when somebody asks, and when a keepalive ends that held something off. Who asks
// while a round is under way shares it. What a check finds is durable in the records before the round counts it. A check
// that asks for the node's end becomes a request to the server unless a keepalive holds, or cannot be asked; the node is
// never ended here. A check that hangs takes up its own place and no other. A stop ends what runs, and what was ended so says
// nothing about the node.
import PQueue from 'p-queue';
import type { ConditionStatus } from '../../../protocol/events.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef, AskResult, Reply } from '../../ref.ts';
import type { Checks, CheckScript } from './checks.ts';
import { findingOf, refused, type Finding } from './finding.ts';
import { HealthRecords, type HealthRecordsPorts } from './records.ts';
import type { KeepaliveChanged, KeepaliveView, ShowKeepalive } from '../keepalive/keepalive.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { ScriptResult } from '../scripts.ts';

export interface CheckSummary {
  readonly name: string;
  readonly status: ConditionStatus;
  readonly message?: string;
}

/** What one round found, in name order. */
export interface HealthSummary {
  readonly checks: readonly CheckSummary[];
}

export interface HealthView {
  /** `since`, `lastRoundAt`: wall clock, milliseconds. */
  readonly conditions: ReadonlyArray<CheckSummary & { readonly since: number }>;
  readonly lastRoundAt?: number;
  readonly running: boolean;
  /** A request to the server that stands. */
  readonly termination?: { readonly request: string; readonly check: string; readonly reason: string };
}

/** Runs all checks now; answered when the round is over. */
export interface RunChecks {
  readonly type: 'check';
  readonly reply: Reply<Result<HealthSummary>>;
}

/** What is known now. */
export interface HealthQuestion {
  readonly type: 'health';
  readonly reply: Reply<HealthView>;
}

export type HealthcheckMessage =
  | RunChecks
  | HealthQuestion
  | KeepaliveChanged
  | { readonly type: 'due' }
  | { readonly type: 'listed'; readonly result: Result<readonly CheckScript[]> }
  | { readonly type: 'ran'; readonly name: string; readonly result: ScriptResult | undefined }
  | { readonly type: 'asked'; readonly name: string; readonly finding: Finding; readonly answer: AskResult<KeepaliveView> }
  /** `found` is absent for what is no finding of the round's checks; `ofRound`: the round waits for it. */
  | { readonly type: 'recorded'; readonly ofRound: boolean; readonly found?: CheckSummary; readonly result: Result<boolean> };

export interface HealthTimes {
  /** From the start to the first round. */
  readonly firstAfterMs: number;
  /** From the beginning of a round to the next. */
  readonly everyMs: number;
}

export interface HealthcheckPorts extends HealthRecordsPorts {
  readonly checks: Checks;
  readonly keepalive: ActorRef<ShowKeepalive>;
  readonly messaging: ActorRef<DrainPending>;
  readonly times: HealthTimes;
}

interface Round {
  /** Monotonic milliseconds. */
  readonly began: number;
  /** Results that are still to come. */
  readonly left: number;
  readonly found: readonly CheckSummary[];
  readonly askers: ReadonlyArray<Reply<Result<HealthSummary>>>;
  /** A keepalive ended meanwhile: what this round held off may have to be asked for. */
  readonly again: boolean;
}

interface State {
  readonly round: Round | undefined;
  /** As the keepalive told it last. */
  readonly holds: boolean;
  readonly lastRoundAt: number | undefined;
  readonly cancelTimer: () => void;
  readonly running: PQueue;
  readonly records: HealthRecords;
  readonly stop: AbortController;
}

const inParallel = 4;
const keepaliveMs = 5_000;

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : Number(a.name > b.name));

const summaryOf = (name: string, { message, status }: Finding): CheckSummary => ({ name, status, ...(message !== undefined && { message }) });

/** Why a request for the node's end is not made now; undefined when nothing speaks against it. */
const heldBy = (answer: AskResult<KeepaliveView>, told: boolean): string | undefined => {
  if (!answer.ok) return 'whether a keepalive holds could not be asked';
  return answer.value.holds || told ? 'a keepalive holds' : undefined;
};

export const healthcheck = (ports: HealthcheckPorts): ActorDefinition<State, HealthcheckMessage> => {
  const { checks, clock, logger, times } = ports;
  type Context = ActorContext<HealthcheckMessage>;

  const beginRound = (state: State, askers: Round['askers'], context: Context): State => {
    state.cancelTimer();
    context.pipeToSelf(checks.list(), (result) => ({ type: 'listed', result }), (error) => ({ type: 'listed', result: fail('internal', String(error)) }));
    return { ...state, round: { began: clock.monotonic(), left: 0, found: [], askers, again: false } };
  };

  const rest = (state: State, round: Round, context: Context): State => {
    const untilNext = Math.max(0, times.everyMs - (clock.monotonic() - round.began));
    return { ...state, round: undefined, cancelTimer: context.later(untilNext, { type: 'due' }) };
  };

  const endRound = (state: State, round: Round, context: Context): State => {
    const stopped = state.stop.signal.aborted;
    const summary: HealthSummary = { checks: round.found.toSorted(byName) };
    for (const reply of round.askers) reply(stopped ? fail('actor_stopped', 'the checks were ended with the daemon') : ok(summary));
    const ended = { ...state, lastRoundAt: stopped ? state.lastRoundAt : clock.now() };
    return round.again && !stopped && state.records.awaitsKeepalive ? beginRound(ended, [], context) : rest(ended, round, context);
  };

  const write = (context: Context, work: Promise<Result<boolean>>, ofRound: boolean, found?: CheckSummary): void => {
    const done = (result: Result<boolean>): HealthcheckMessage => ({ type: 'recorded', ofRound, result, ...(found !== undefined && { found }) });
    context.pipeToSelf(work, done, (error) => done(fail('internal', String(error))));
  };

  const record = (state: State, name: string, finding: Finding, held: string | undefined, context: Context): void =>
    write(context, state.records.record(name, finding, held, context.trace), true, summaryOf(name, finding));

  const runCheck = ({ running, stop }: State, check: CheckScript, context: Context): void => {
    const { name } = check;
    const work = running.add(async () => (stop.signal.aborted ? undefined : checks.run(check, stop.signal)));
    context.pipeToSelf(
      work,
      (result) => ({ type: 'ran', name, result }),
      (error) => {
        logger.error(`the check ${name} could not be run: ${String(error)}`);
        return { type: 'ran', name, result: undefined };
      },
    );
  };

  const listed = (state: State, round: Round, result: Result<readonly CheckScript[]>, context: Context): State => {
    if (!result.ok) {
      logger.warn(`the health checks cannot be listed: ${result.error.message}`, { code: result.error.code });
      for (const reply of round.askers) reply(result);
      return rest(state, round, context);
    }
    const all = result.value.toSorted(byName);
    write(context, state.records.keepOnly(new Set(all.map(({ name }) => name)), context.trace), true);
    for (const check of all) {
      if (check.refusal === undefined) runCheck(state, check, context);
      else record(state, check.name, refused(check.refusal), undefined, context);
    }
    return { ...state, round: { ...round, left: all.length + 1 } };
  };

  /** One of the results that a round waits for has come. */
  const settle = (state: State, found: CheckSummary | undefined, context: Context): State => {
    if (state.round === undefined) return state;
    const round = { ...state.round, left: state.round.left - 1, found: found === undefined ? state.round.found : [...state.round.found, found] };
    return round.left === 0 ? endRound(state, round, context) : { ...state, round };
  };

  const ran = (state: State, { name, result }: Extract<HealthcheckMessage, { type: 'ran' }>, context: Context): State => {
    const finding = result && findingOf(result);
    if (finding === undefined) return settle(state, undefined, context);
    for (const warning of result?.warnings ?? []) logger.debug(`the check ${name} ${warning}`);
    if (finding.ends === undefined) {
      record(state, name, finding, undefined, context);
      return state;
    }
    const asked = context.ask(ports.keepalive, (reply: Reply<KeepaliveView>) => ({ type: 'show', reply }) as const, { timeoutMs: keepaliveMs });
    context.pipeToSelf(
      asked,
      (answer) => ({ type: 'asked', name, finding, answer }),
      (error) => ({ type: 'asked', name, finding, answer: fail('internal', String(error)) }),
    );
    return state;
  };

  const keepaliveChanged = (state: State, { holds }: KeepaliveChanged, context: Context): State => {
    const told = { ...state, holds };
    if (holds) {
      write(context, state.records.holdOff(context.trace), false);
      return told;
    }
    if (told.round !== undefined) return { ...told, round: { ...told.round, again: true } };
    return state.records.awaitsKeepalive ? beginRound(told, [], context) : told;
  };

  const viewOf = ({ lastRoundAt, records, round }: State): HealthView => {
    const [standing] = records.terminations();
    return {
      conditions: records.conditions().map(([name, { message, since, status }]) => ({ name, status, since, ...(message !== undefined && { message }) })),
      running: round !== undefined,
      ...(lastRoundAt !== undefined && { lastRoundAt }),
      ...(standing !== undefined && { termination: { ...standing[1], check: standing[0] } }),
    };
  };

  return {
    name: 'healthcheck',
    start(context) {
      // A former life may have kept reports and not come to say so.
      context.tell(ports.messaging, { type: 'pending' });
      return {
        round: undefined,
        holds: false,
        lastRoundAt: undefined,
        cancelTimer: context.later(times.firstAfterMs, { type: 'due' }),
        running: new PQueue({ concurrency: inParallel }),
        records: new HealthRecords(ports),
        stop: new AbortController(),
      };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'check': {
          const { reply } = message;
          if (state.round === undefined) return beginRound(state, [reply], context);
          return { ...state, round: { ...state.round, askers: [...state.round.askers, reply] } };
        }
        case 'health':
          message.reply(viewOf(state));
          return state;
        case 'keepalive':
          return keepaliveChanged(state, message, context);
        case 'due':
          return state.round === undefined ? beginRound(state, [], context) : state;
        case 'listed':
          return state.round === undefined ? state : listed(state, state.round, message.result, context);
        case 'ran':
          return ran(state, message, context);
        case 'asked':
          record(state, message.name, message.finding, heldBy(message.answer, state.holds), context);
          return state;
        case 'recorded': {
          const { found, ofRound, result } = message;
          if (!result.ok) logger.warn(`what a health check found could not be kept: ${result.error.message}`, { code: result.error.code });
          else if (result.value) context.tell(ports.messaging, { type: 'pending' });
          return ofRound ? settle(state, found, context) : state;
        }
        default:
          return assertNever(message);
      }
    },
    // What runs is ended; its results, which say nothing, are waited for.
    drain: async ({ stop }) => stop.abort(),
    async release({ records, running, stop }) {
      stop.abort();
      await running.onIdle();
      await records.idle();
    },
  };
};
