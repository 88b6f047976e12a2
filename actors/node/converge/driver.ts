// Moves a converge on: each verb takes the state of the actor in converge.ts and a result, begins what follows, and gives the
// next state. converge.ts says what the states are and what holds in them.
//
//   go → begun → synced → (stepKept → ran)* → checked → doorSet → ended → go
//
// A result that comes when nothing more is to begin changes nothing, so that the next life finds the run as it was.
import { cardText } from '../../../commands/card-text.ts';
import { uuid7 } from '../../../effects/random.ts';
import { fail, type Failure, type Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import type { ActorContext } from '../../definition.ts';
import type { Reply } from '../../ref.ts';
import type { ConvergePorts } from './converge.ts';
import type { ConvergeMessage, StepKept, StepRan } from './messages.ts';
import type { Basis } from './basis.ts';
import { failureCard, scriptCard } from './card.ts';
import type { ConvergeConfiguration } from './configuration.ts';
import { jobLines, resultLines, stepLines } from './detail.ts';
import type { Effects } from './effects.ts';
import type { Change, ConvergeMemory, PhaseOf } from './memory.ts';
import type { BegunScript, Synced } from './ports.ts';
import { dealt, type Wanted } from './queue.ts';
import { answerOf, type ConvergeRecord } from './record.ts';
import { beginRun, endedRecord, endText, isDone, isFirstOfSpec, recordOf, type End, type Run } from './run.ts';
import { jobOf, runScript } from './script.ts';
import type { HealthSummary } from '../health/healthcheck.ts';
import type { PendingReport } from '../state.ts';

/** A run's outcome until the node's state has it. */
interface Ending {
  readonly record: ConvergeRecord;
  readonly phase: PhaseOf;
  readonly change: Change;
}

export interface ConvergeState {
  readonly effects: Effects;
  readonly recovered: boolean;
  readonly configuration: ConvergeConfiguration | undefined;
  /** The boot's converge is neither under way nor waits. */
  readonly bootDue: boolean;
  readonly waiting: Wanted | undefined;
  readonly run: Run | undefined;
  /** Reports for the next change of the run. */
  readonly told: readonly PendingReport[];
  readonly ending: Ending | undefined;
  readonly last: ConvergeRecord | undefined;
  /** Takes the next attempt of a boot's that failed back; undefined: none waits for its time. */
  readonly cancelAttempt: (() => void) | undefined;
}

type Context = ActorContext<ConvergeMessage>;

/** How soon an outcome that could not be kept is tried again. */
const endAgainMs = 10_000;
/** The pause before the second attempt; each further one is twice as long as the one before. */
const firstPauseMs = 10_000;
const longestPauseMs = 300_000;
/** Every check has a time limit of its own; this bounds a great many of them. */
const checksMs = 600_000;

const broke = (error: unknown): ConvergeMessage => ({ type: 'broke', error });

/** By the newest configuration, and not by that which the run began with. */
const preventsNow = ({ configuration, run }: ConvergeState): boolean => (configuration ?? run?.configuration)?.preventsMetadataAccess === true;

export class ConvergeDriver {
  readonly #ports: ConvergePorts;
  readonly #memory: ConvergeMemory;
  readonly #basis: Basis;
  readonly #life: string;

  /** `life` names that of the daemon. */
  constructor(ports: ConvergePorts, memory: ConvergeMemory, basis: Basis, life: string) {
    this.#ports = ports;
    this.#memory = memory;
    this.#basis = basis;
    this.#life = life;
  }

  /** Begins what waits, if it can. One that was interrupted is taken up again with it, or before it. */
  go(state: ConvergeState, context: Context): ConvergeState {
    const { configuration, last, waiting } = state;
    if (state.effects.stopped || !state.recovered || state.run !== undefined || waiting === undefined || configuration === undefined) return state;
    const { clock } = this.#ports;
    const interrupted = last?.outcome === 'running' ? last : undefined;
    const { later, now } = dealt(waiting, interrupted);
    const run = beginRun(now, configuration, interrupted, { id: this.#id(), now: clock.now(), monotonic: clock.monotonic() });
    this.#basis.use(configuration, run.trigger);
    this.#say(run, interrupted === undefined ? 'Converging' : 'Converging: what was interrupted is taken up again');
    for (const { asker } of later?.asks ?? []) asker.progress?.('An earlier converge was interrupted: it is taken up first');
    const record = { ...recordOf(run), done: interrupted?.done ?? 0, total: interrupted?.total ?? 0 };
    const change = this.#change(run, record, { told: state.told, phase: { phase: 'converging' }, trace: context.trace });
    context.pipeToSelf(this.#memory.keep(change), (result) => ({ type: 'begun', result }), broke);
    return { ...state, waiting: later, bootDue: state.bootDue && run.trigger !== 'boot', run, told: [], last: record };
  }

  begun(before: ConvergeState, result: Result<void>, context: Context): ConvergeState {
    const { effects, run } = before;
    if (result.ok) this.#entered({ phase: 'converging' }, context);
    if (run === undefined || effects.stopped) return before;
    if (!result.ok) return this.#fail(before, run, result.error, context);
    const { flaw, locker, specs, warnings } = run.configuration;
    const state = this.#warn(before, run, warnings, context);
    if (flaw !== undefined) return this.#fail(state, run, { code: 'project_unusable', message: flaw }, context);
    const work = effects.add((signal) => (run.noSync ? this.#ports.projects.kept(specs, locker, signal) : this.#ports.projects.sync(specs, locker, signal)));
    context.pipeToSelf(work, (synced) => ({ type: 'synced', result: synced }), broke);
    return state;
  }

  synced(state: ConvergeState, result: Result<Synced>, context: Context): ConvergeState {
    const { effects, run } = state;
    if (run === undefined || effects.stopped) return state;
    if (!result.ok) return this.#fail(state, run, result.error, context);
    const { steps, warnings } = result.value;
    const known = { ...run, steps };
    this.#detail(run, () => stepLines(known));
    return this.#advance(this.#warn(state, run, warnings, context), known, context);
  }

  stepKept(state: ConvergeState, { job, result, step }: StepKept, context: Context): ConvergeState {
    const { effects, run } = state;
    if (result.ok) context.tell(this.#ports.messaging, { type: 'pending' });
    if (run === undefined || effects.stopped) return state;
    if (!result.ok) return this.#fail(state, run, result.error, context);
    this.#say(run, `Executing cluster-init script: ${step.file}, output written to ${step.log}`);
    const scriptTimeoutMs = run.configuration.scriptTimeoutMs ?? this.#ports.times.scriptTimeoutMs;
    const begun = jobOf(step, job, { ...this.#ports, scriptTimeoutMs }, context.trace, run.strace);
    this.#detail(run, () => jobLines(step, begun));
    const work = effects.add((signal) => runScript(step, { ...begun, signal }, run.id, this.#ports));
    context.pipeToSelf(work, (ran) => ({ type: 'ran', step, ran }), broke);
    return state;
  }

  ran(before: ConvergeState, { ran: { marked, result }, step }: StepRan, context: Context): ConvergeState {
    const { run } = before;
    if (run === undefined || before.effects.stopped) return before;
    this.#detail(run, () => resultLines(step, result));
    const state = this.#warn(before, run, result.warnings.map((warning) => `Script ${step.script}: ${warning}`), context);
    const card = scriptCard(step, result);
    if (card === undefined) {
      if (marked?.ok === false) return this.#fail(state, run, marked.error, context);
      return this.#advance(state, { ...run, at: run.at + 1, ran: run.ran + 1 }, context);
    }
    if (run.configuration.failOnError) return this.#fail(state, run, { code: 'script_failed', message: card.summary }, context, card);
    const warned = this.#warn(state, run, [`${card.summary}; passed over, as cluster_init.fail_on_error says`], context);
    return this.#advance(warned, { ...run, at: run.at + 1, passedOver: run.passedOver ?? card }, context);
  }

  checked(before: ConvergeState, result: Result<HealthSummary>, context: Context): ConvergeState {
    const { effects, run } = before;
    if (run === undefined || effects.stopped) return before;
    const bad = result.ok ? result.value.checks.filter(({ status }) => status !== 'OK' && status !== 'NA') : [];
    const lines = bad.map(({ message, name, status }) => `Health check ${name} is ${status}${message === undefined ? '' : `: ${message}`}`);
    for (const line of lines) this.#say(run, line, 'warn');
    if (!result.ok) this.#say(run, `The health checks could not be run: ${result.error.message}`, 'warn');
    // Opened again also when the setting went unseen, in an earlier life.
    if (!preventsNow(before) && !this.#ports.metadataDoor.isClosed()) return this.#finish(before, run, { ok: true }, context);
    return this.#setDoor(before, context);
  }

  /** What a configuration no longer asks for is undone at once; closing waits for a converge that ends well. */
  openDoor(state: ConvergeState, context: Context): ConvergeState {
    const { metadataDoor } = this.#ports;
    if (state.effects.stopped || state.configuration?.preventsMetadataAccess === true || !metadataDoor.isClosed()) return state;
    context.pipeToSelf(state.effects.add(() => metadataDoor.set(false)), (result) => ({ type: 'opened', result }), broke);
    return state;
  }

  doorSet(before: ConvergeState, closed: boolean, result: Result<void, string>, context: Context): ConvergeState {
    const { effects, run } = before;
    if (run === undefined || effects.stopped) return before;
    // The configuration changed meanwhile, and what came of that could not see a door that was not closed yet.
    if (result.ok && preventsNow(before) !== closed) return this.#setDoor(before, context);
    const state = result.ok ? before : this.#warn(before, run, [result.error], context);
    return this.#finish(state, run, { ok: true }, context);
  }

  ended(state: ConvergeState, result: Result<void>, context: Context): ConvergeState {
    const { ending, run } = state;
    if (run === undefined || ending === undefined) return state;
    if (result.ok) this.#entered(ending.phase, context);
    const answer = result.ok || ending.record.outcome === 'failed' ? answerOf(ending.record) : result;
    for (const { reply } of run.askers) reply(answer);
    if (!result.ok) {
      this.#ports.logger.error(`how the converge ended could not be kept: ${result.error.message}`, { code: result.error.code });
      context.later(endAgainMs, { type: 'endAgain' });
      return { ...state, run: { ...run, askers: [] } };
    }
    return this.go(this.attemptLater({ ...state, run: undefined, ending: undefined }, context), context);
  }

  /** Sees to it that a boot's converge that failed is tried again in time. Whatever waits comes in its place. */
  attemptLater(state: ConvergeState, context: Context): ConvergeState {
    const { bootDue, cancelAttempt, configuration, effects, last, run, waiting } = state;
    if (effects.stopped || bootDue || cancelAttempt !== undefined || configuration === undefined || run !== undefined || waiting !== undefined) return state;
    if (last?.outcome !== 'failed' || last.trigger !== 'boot' || last.attempt >= configuration.attempts) return state;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (last.attempt - 1));
    this.#ports.logger.warn(`attempt ${last.attempt} of ${configuration.attempts} to converge failed: the next one comes in ${pauseMs / 1000} s`);
    return { ...state, cancelAttempt: context.later(pauseMs, { type: 'attempt', attempt: last.attempt + 1 }) };
  }

  endAgain(state: ConvergeState, context: Context): ConvergeState {
    if (state.ending !== undefined && !state.effects.stopped) this.#keepEnd(state.ending, context);
    return state;
  }

  #setDoor(state: ConvergeState, context: Context): ConvergeState {
    const closed = preventsNow(state);
    context.pipeToSelf(state.effects.add(() => this.#ports.metadataDoor.set(closed)), (result) => ({ type: 'door', closed, result }), broke);
    return state;
  }

  /** Begins the next script that has to run, or ends the run. */
  #advance(state: ConvergeState, from: Run, context: Context): ConvergeState {
    for (let run = from; ; run = { ...run, at: run.at + 1, skipped: run.skipped + 1 }) {
      const step = run.steps[run.at];
      if (step === undefined) return this.#check(state, run, context);
      const { project, script, spec, version } = step;
      if (isFirstOfSpec(run)) this.#say(run, `Running cluster-init scripts for project '${project} v${version}' spec '${spec}'`);
      if (!isDone(run, step)) {
        const job = this.#id();
        const record = recordOf(run);
        const change = this.#change(run, record, { told: state.told, script: { id: job, project, spec, script }, trace: context.trace });
        context.pipeToSelf(this.#memory.keep(change), (result) => ({ type: 'stepKept', step, job, result }), broke);
        return { ...state, run, told: [], last: record };
      }
      this.#say(run, `Script ${script} has already run successfully, skipping`);
    }
  }

  /** What the scripts installed is checked before the node counts as ready. What that finds, the checks report themselves. */
  #check(state: ConvergeState, run: Run, context: Context): ConvergeState {
    this.#say(run, 'Running the health checks');
    const asked = context.ask(this.#ports.healthcheck, (reply: Reply<Result<HealthSummary>>) => ({ type: 'check', fresh: true, converged: true, reply }) as const, { timeoutMs: checksMs });
    const stopped = fail('actor_stopped', 'jetpackd stops');
    // A round may take minutes, and a daemon that stops does not wait for it.
    context.pipeToSelf(state.effects.unlessStopped(asked), (answer = stopped) => ({ type: 'checked', result: answer.ok ? answer.value : answer }), broke);
    return { ...state, run, last: recordOf(run) };
  }

  #fail(state: ConvergeState, run: Run, failure: Failure, context: Context, card = failureCard(failure)): ConvergeState {
    for (const line of cardText(card).trimEnd().split('\n')) for (const { progress } of run.askers) progress?.(line);
    this.#ports.logger.error(failure.message, { code: failure.code, output: card.output });
    return this.#finish(state, run, { ok: false, failure, card }, context);
  }

  #finish(state: ConvergeState, run: Run, end: End, context: Context): ConvergeState {
    const { clock } = this.#ports;
    const record = endedRecord(run, end, { now: clock.now(), monotonic: clock.monotonic() });
    const phase: PhaseOf = { phase: end.ok ? 'ready' : 'failed', detail: endText(run, end) };
    if (end.ok) this.#say(run, `Converged: ${endText(run, end)}`);
    const ending = { record, phase, change: this.#change(run, record, { told: state.told, phase, trace: context.trace }) };
    this.#keepEnd(ending, context);
    return { ...state, run, told: [], ending, last: record };
  }

  #keepEnd({ change }: Ending, context: Context): void {
    context.pipeToSelf(this.#memory.keep(change), (result) => ({ type: 'ended', result }), broke);
  }

  #change(
    run: Run,
    record: ConvergeRecord,
    { phase, script, told, trace }: { readonly told: readonly PendingReport[]; readonly script?: BegunScript; readonly phase?: PhaseOf; readonly trace: TraceContext | undefined },
  ): Change {
    return this.#memory.change({ record, script, life: run.trigger === 'boot' ? this.#life : undefined, told, phase }, trace);
  }

  /** A phase is durable with its event. */
  #entered(phase: PhaseOf, context: Context): void {
    context.tell(this.#ports.messaging, { type: 'pending' });
    context.tell(this.#ports.sync, { type: 'phase', ...phase });
  }

  #say({ askers }: Run, line: string, level: 'info' | 'warn' = 'info'): void {
    this.#ports.logger[level](line);
    for (const { progress } of askers) progress?.(line);
  }

  #detail(run: Run, lines: () => readonly string[]): void {
    if (run.debug) for (const line of lines()) this.#say(run, line);
  }

  /** Lines for the log, for whoever asked, and for the server with the next change. */
  #warn(state: ConvergeState, run: Run, lines: readonly string[], context: Context): ConvergeState {
    for (const line of lines) this.#say(run, line, 'warn');
    return { ...state, told: [...state.told, ...lines.map((line) => this.#memory.warning(line, context.trace))] };
  }

  #id(): string {
    return uuid7(this.#ports.clock.now(), this.#ports.random);
  }
}
