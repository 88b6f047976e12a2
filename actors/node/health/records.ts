// What is known of each check, and what was asked of the server for it: durable, with the events that tell of it, in one
// transaction each, so that neither a crash nor a repetition loses or doubles a request.
//
// A check: no record -> its condition, changed whenever a finding says something else -> none again when the check is gone. A
// termination request is made once for an incident, which begins with the first finding that asks for the node's end while
// nothing holds that off, and is over when the check no longer asks, is gone, or a keepalive begins to hold. Every step reads
// what is durable and is made before the next one begins; one that cannot be made changes nothing, and the next finding finds
// the same difference. Beside them stand conditions that somebody set (set-conditions.ts). A name belongs to the check that has
// it: nobody sets what a check finds, and a check that comes later takes its name over.
import PQueue from 'p-queue';
import { printable } from '../../../commands/line.ts';
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import { fail, ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { LocalRequestOf } from '../../../protocol/local.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import type { ReportedEvent } from '../messaging/accept.ts';
import { fitsOutbox } from '../messaging/fits.ts';
import { saysTheSame, type Condition, type Termination } from './condition.ts';
import type { Finding } from './finding.ts';
import { byKeepalive, heldOff, type Hold } from './hold.ts';
import { conditionPrefix, KeptHealth, terminationPrefix } from './kept-health.ts';
import { SetConditions } from './set-conditions.ts';
import type { NodeState, StateChange } from '../state.ts';

export interface HealthRecordsPorts {
  readonly state: NodeState;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A step of the state's file is short. This one bounds nothing but its order. */
const oneAtATime = 1;

interface Step {
  readonly changes: StateChange[];
  readonly events: ReportedEvent[];
  readonly lines: Array<readonly ['info' | 'warn' | 'error', string]>;
}

export class HealthRecords {
  readonly #ports: HealthRecordsPorts;
  readonly #steps = new PQueue({ concurrency: oneAtATime });
  readonly #kept: KeptHealth;
  readonly #set: SetConditions;

  constructor(ports: HealthRecordsPorts) {
    this.#ports = ports;
    this.#kept = new KeptHealth(ports.state);
    this.#set = new SetConditions(ports.state);
  }

  /** What is kept of all of it. */
  get kept(): KeptHealth {
    return this.#kept;
  }

  /** Whether an end of the keepalive would have a request made, as far as is known. */
  get awaitsKeepalive(): boolean {
    return this.#steps.size + this.#steps.pending > 0 || this.#kept.conditions().some(([, { heldOff }]) => heldOff === true);
  }

  /** `held`: why a request for the node's end is not to be made now. Resolves with whether there is something to report. */
  record(name: string, finding: Finding, held: Hold | undefined, trace: TraceContext | undefined): Promise<Result<boolean>> {
    return this.#step(trace, (step) => {
      const { ends, ...found } = finding;
      const standing = this.#kept.termination(name);
      const hold = ends === undefined || (standing !== undefined && held?.withdraws === false) ? undefined : held;
      this.#put(step, name, { ...found, ...(ends !== undefined && hold !== undefined && heldOff(ends, hold)) });
      if (ends === undefined) this.#withdraw(step, name, `the check does not ask for it any more: ${finding.message ?? 'all is well'}`);
      else if (hold !== undefined) this.#withdraw(step, name, hold.why);
      else if (standing === undefined) this.#request(step, name, ends);
    });
  }

  /**
   * Somebody sets a condition; the same request again changes nothing, nor does one that is older than what stands. Fails with
   * `request_invalid` for the name of a check, and with `message_too_large`.
   */
  set(request: LocalRequestOf<'condition'>, trace: TraceContext | undefined): Promise<Result<boolean>> {
    return this.#step(trace, (step) => {
      const { message, name, status } = request;
      if (this.#kept.condition(name) !== undefined) return { code: 'request_invalid', message: `${name} is a health check of this node: its condition is what it finds` };
      if (this.#set.knows(request)) return undefined;
      if (this.#set.isOutdated(request, this.#ports.clock.now())) {
        step.changes.push(...this.#set.passedOver(request));
        return undefined;
      }
      const event = this.#set.eventOf(request);
      const fits = fitsOutbox(event);
      if (!fits.ok) return fits.error;
      step.changes.push(...this.#set.changesFor(request));
      step.events.push(event);
      step.lines.push([status === 'OK' || status === 'NA' ? 'info' : 'warn', printable(`the condition ${name} is set to ${status}${message === undefined ? '' : `: ${message}`}`)]);
      return undefined;
    });
  }

  /** A keepalive begins to hold: takes back every request, and says so. */
  holdOff(trace: TraceContext | undefined): Promise<Result<boolean>> {
    return this.#step(trace, (step) => {
      for (const [name, { reason }] of this.#kept.terminations()) {
        this.#withdraw(step, name, byKeepalive.why);
        const before = this.#kept.condition(name);
        if (before !== undefined) this.#put(step, name, { ...before, ...heldOff(reason, byKeepalive) });
      }
    });
  }

  /** Forgets all checks but these. */
  keepOnly(present: ReadonlySet<string>, trace: TraceContext | undefined): Promise<Result<boolean>> {
    return this.#step(trace, (step) => {
      for (const name of this.#kept.names()) {
        if (present.has(name)) continue;
        this.#withdraw(step, name, 'the check is gone');
        step.changes.push({ key: `${conditionPrefix}${name}`, value: undefined });
        step.events.push({ kind: 'condition', ...this.#stamp(), name, status: 'NA', message: 'the check is gone' });
        step.lines.push(['info', `the check ${name} is gone`]);
      }
    });
  }

  /** Reports anew what is known of every check, and every request that stands, under its own id. */
  tellStanding(trace: TraceContext | undefined): Promise<Result<boolean>> {
    return this.#step(trace, (step) => {
      for (const [name, condition] of this.#kept.conditions()) step.events.push(this.#conditionEvent(name, condition));
      for (const [name, condition] of this.#kept.setByHand()) step.events.push(this.#set.eventFor(name, condition, this.#stamp()));
      for (const [name, termination] of this.#kept.terminations()) step.events.push(this.#requestEvent(name, termination));
    });
  }

  /** Resolves when no step is under way. */
  idle(): Promise<void> {
    return this.#steps.onIdle();
  }

  #stamp(): { readonly id: string; readonly at: number } {
    const at = this.#ports.clock.now();
    return { id: uuid7(at, this.#ports.random), at };
  }

  #conditionEvent(name: string, { details, message, recommendation, status }: Condition): ReportedEvent {
    const texts = { ...(message !== undefined && { message }), ...(details !== undefined && { details }), ...(recommendation !== undefined && { recommendation }) };
    return { kind: 'condition', ...this.#stamp(), name, status, ...texts };
  }

  #requestEvent(check: string, { reason, request }: Termination): ReportedEvent {
    return { kind: 'termination', ...this.#stamp(), request, state: 'requested', check, reason };
  }

  /** Resolves with whether there is something to report; `fill` may refuse it. */
  async #step(trace: TraceContext | undefined, fill: (step: Step) => Failure | undefined): Promise<Result<boolean>> {
    const { logger, state } = this.#ports;
    return this.#steps.add(async () => {
      const step: Step = { changes: [], events: [], lines: [] };
      const refusal = fill(step);
      if (refusal !== undefined) return { ok: false, error: refusal };
      if (step.changes.length + step.events.length === 0) return ok(false);
      const changed = await state.change(step.changes, step.events.map((event) => ({ event, trace }))).catch((error: unknown) => fail('internal', String(error)));
      if (!changed.ok) return changed;
      for (const [level, line] of step.lines) logger[level](line);
      return ok(true);
    });
  }

  #put(step: Step, name: string, found: Omit<Condition, 'since'>): void {
    const before = this.#kept.condition(name);
    const condition: Condition = { ...found, since: before?.status === found.status ? before.since : this.#ports.clock.now() };
    if (before !== undefined && saysTheSame(before, condition)) return;
    const { message, status } = condition;
    step.changes.push({ key: `${conditionPrefix}${name}`, value: { ...condition } }, ...this.#set.without(name));
    step.events.push(this.#conditionEvent(name, condition));
    step.lines.push([status === 'OK' ? 'info' : 'warn', `the check ${name} is ${status}${message === undefined ? '' : `: ${message}`}`]);
  }

  #request(step: Step, name: string, reason: string): void {
    const termination: Termination = { request: this.#stamp().id, reason };
    step.changes.push({ key: `${terminationPrefix}${name}`, value: { ...termination } });
    step.events.push(this.#requestEvent(name, termination));
    step.lines.push(['error', `the check ${name} asks the server to end this node: ${reason}`]);
  }

  #withdraw(step: Step, name: string, reason: string): void {
    const standing = this.#kept.termination(name);
    if (standing === undefined) return;
    step.changes.push({ key: `${terminationPrefix}${name}`, value: undefined });
    step.events.push({ kind: 'termination', ...this.#stamp(), request: standing.request, state: 'withdrawn', check: name, reason });
    step.lines.push(['warn', `the check ${name} takes its request to end this node back: ${reason}`]);
  }
}
