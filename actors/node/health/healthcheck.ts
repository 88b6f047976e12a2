// Runs the node's health checks and tells what they find (reference, section 9).
//
// States: `resting` until the next round is due, and `round`: every check runs once, in name order, a few at a time. A round begins
// in intervals, when somebody asks, as every converge does, and when a keepalive ends that held something off. Who asks while
// a round is under way shares it, or has another one follow. What a check finds is durable in the records before the round counts
// it. A check that asks for the node's end becomes a request to the server unless a keepalive holds, or cannot be asked, or the
// node has not converged since the daemon started; the node is never ended here. A check that hangs takes up its own place and no other. A stop ends what runs, and what was ended so says
// nothing about the node. What somebody sets stands beside that (records.ts).
import PQueue from 'p-queue';
import type { ConditionStatus } from '../../../protocol/events.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef, AskResult, Reply } from '../../ref.ts';
import type { Checks, CheckScript } from './checks.ts';
import { findingOf, refused, type Finding } from './finding.ts';
import { heldBy, type Hold } from './hold.ts';
import { HealthRecords, type HealthRecordsPorts } from './records.ts';
import { answerAskers, byName, endedWithDaemon, newRound, summaryOf, withAsker, withResult, type Round } from './round.ts';
import type { SetCondition } from './set-conditions.ts';
import { healthView, type HealthView } from './view.ts';
import type { KeepaliveChanged, KeepaliveView, ShowKeepalive, TellStanding } from '../keepalive/keepalive.ts';
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

/** Runs all checks now; answered when the round is over. Fails with `busy` when too many wait for it. */
export interface RunChecks {
  readonly type: 'check';
  /** A round that is under way does not do: another one follows it. */
  readonly fresh?: boolean;
  /** The node has converged: from this round on, a check may have its end asked for. */
  readonly converged?: boolean;
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
  | SetCondition
  | KeepaliveChanged
  | TellStanding
  | { readonly type: 'toldStanding'; readonly result: Result<boolean> }
  | { readonly type: 'due' }
  | { readonly type: 'listed'; readonly result: Result<readonly CheckScript[]> }
  | { readonly type: 'ran'; readonly name: string; readonly result: ScriptResult | undefined }
  | { readonly type: 'asked'; readonly name: string; readonly finding: Finding; readonly answer: AskResult<KeepaliveView> }
  /** `found` is absent for what is no finding of the round's checks; `ofRound`: the round waits for it. */
  | { readonly type: 'recorded'; readonly ofRound: boolean; readonly found?: CheckSummary; readonly result: Result<boolean> };

export interface HealthTimes {
  /** From the start to the first round that nobody asked for, default as from one to the next: a converge brings the first. */
  readonly firstAfterMs?: number;
  /** From the beginning of a round to the next. */
  readonly everyMs: number;
}

export interface HealthcheckPorts extends HealthRecordsPorts {
  readonly checks: Checks;
  readonly keepalive: ActorRef<ShowKeepalive>;
  readonly messaging: ActorRef<DrainPending>;
  readonly times: HealthTimes;
}

interface State {
  readonly round: Round | undefined;
  /** As the keepalive told it last; undefined before it did. */
  readonly holds: boolean | undefined;
  /** What stands is being reported anew; `again`: and once more after that. */
  readonly telling: 'no' | 'once' | 'again';
  readonly lastRoundAt: number | undefined;
  readonly cancelTimer: () => void;
  readonly running: PQueue;
  readonly records: HealthRecords;
  readonly stop: AbortController;
}

const inParallel = 4;
const keepaliveMs = 5_000;
/** How soon what could not be reported anew is tried again. */
const tellAgainMs = 10_000;

export const healthcheck = (ports: HealthcheckPorts): ActorDefinition<State, HealthcheckMessage> => {
  const { checks, clock, logger, times } = ports;
  type Context = ActorContext<HealthcheckMessage>;
  /** In this life of the daemon, whichever incarnation was told. */
  let converged = false;

  const beginRound = (state: State, askers: Round['askers'], context: Context): State => {
    state.cancelTimer();
    context.pipeToSelf(checks.list(), (result) => ({ type: 'listed', result }), (error) => ({ type: 'listed', result: fail('internal', String(error)) }));
    return { ...state, round: newRound(clock.monotonic(), askers, converged) };
  };

  const rest = (state: State, round: Round, context: Context): State => {
    const untilNext = Math.max(0, times.everyMs - (clock.monotonic() - round.began));
    return { ...state, round: undefined, cancelTimer: context.later(untilNext, { type: 'due' }) };
  };

  /** Who asked is answered: another round when somebody waits for that, else the rest until the next is due. */
  const goOn = (state: State, round: Round, context: Context): State => {
    if (state.stop.signal.aborted) for (const reply of round.next) reply(endedWithDaemon);
    else if (round.next.length > 0 || (round.again && state.records.awaitsKeepalive)) return beginRound(state, round.next, context);
    return rest(state, round, context);
  };

  const endRound = (state: State, round: Round, context: Context): State => {
    const stopped = state.stop.signal.aborted;
    answerAskers(round, stopped);
    return goOn({ ...state, lastRoundAt: stopped ? state.lastRoundAt : clock.now() }, round, context);
  };

  const write = (context: Context, work: Promise<Result<boolean>>, ofRound: boolean, found?: CheckSummary): void => {
    const done = (result: Result<boolean>): HealthcheckMessage => ({ type: 'recorded', ofRound, result, ...(found !== undefined && { found }) });
    context.pipeToSelf(work, done, (error) => done(fail('internal', String(error))));
  };

  const record = (state: State, name: string, finding: Finding, held: Hold | undefined, context: Context): void =>
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
      return goOn(state, round, context);
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
    const round = withResult(state.round, found);
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
    // Told at the start, when the converge is still to bring a round.
    if (state.holds === undefined && !converged) return told;
    if (told.round !== undefined) return { ...told, round: { ...told.round, again: true } };
    return state.records.awaitsKeepalive ? beginRound(told, [], context) : told;
  };

  const runChecks = (state: State, message: RunChecks, context: Context): State => {
    const { round } = state;
    // A round that began before the node had converged asks for nothing: it does not do for whoever says so first.
    const another = message.fresh === true || (message.converged === true && !converged);
    converged ||= message.converged === true;
    if (round === undefined) return beginRound(state, [message.reply], context);
    return { ...state, round: withAsker(round, another ? 'next' : 'askers', message.reply) };
  };

  const tellStanding = (state: State, context: Context): State => {
    if (state.telling !== 'no') return { ...state, telling: 'again' };
    const done = (result: Result<boolean>): HealthcheckMessage => ({ type: 'toldStanding', result });
    context.pipeToSelf(state.records.tellStanding(context.trace), done, (error) => done(fail('internal', String(error))));
    return { ...state, telling: 'once' };
  };

  const toldStanding = (state: State, result: Result<boolean>, context: Context): State => {
    const told: State = { ...state, telling: 'no' };
    if (!result.ok) {
      logger.warn(`what the health checks found could not be told anew: ${result.error.message}`, { code: result.error.code });
      context.later(tellAgainMs, { type: 'tellStanding' });
      return told;
    }
    if (result.value) context.tell(ports.messaging, { type: 'pending' });
    return state.telling === 'again' ? tellStanding(told, context) : told;
  };

  const setCondition = ({ records }: State, { reply, request }: SetCondition, context: Context): void => {
    const settle = (result: Result<boolean>): HealthcheckMessage => {
      reply(result.ok ? ok(undefined) : result);
      return { type: 'recorded', ofRound: false, result: result.ok ? result : ok(false) };
    };
    context.pipeToSelf(records.set(request, context.trace), settle, (error) => settle(fail('internal', String(error))));
  };

  return {
    name: 'healthcheck',
    start(context) {
      // A former life may have kept reports and not come to say so.
      context.tell(ports.messaging, { type: 'pending' });
      return {
        round: undefined,
        holds: undefined,
        telling: 'no',
        lastRoundAt: undefined,
        cancelTimer: context.later(times.firstAfterMs ?? times.everyMs, { type: 'due' }),
        running: new PQueue({ concurrency: inParallel }),
        records: new HealthRecords(ports),
        stop: new AbortController(),
      };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'check':
          return runChecks(state, message, context);
        case 'health':
          message.reply(healthView(state.records.kept, state.lastRoundAt, state.round !== undefined));
          return state;
        case 'condition':
          setCondition(state, message, context);
          return state;
        case 'keepalive':
          return keepaliveChanged(state, message, context);
        case 'tellStanding':
          return tellStanding(state, context);
        case 'toldStanding':
          return toldStanding(state, message.result, context);
        case 'due':
          return state.round === undefined ? beginRound(state, [], context) : state;
        case 'listed':
          return state.round === undefined ? state : listed(state, state.round, message.result, context);
        case 'ran':
          return ran(state, message, context);
        case 'asked':
          record(state, message.name, message.finding, heldBy(message.answer, state.holds === true, state.round?.converged ?? false), context);
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
