// One local request: which actor it is for, how long its caller waits, and its answer.
import type { Clock } from '../../../effects/clock.ts';
import type { LocalReply, LocalRequest, LocalRequestOf, SpooledRequest } from '../../../protocol/local.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import { startSpan } from '../../../telemetry/span.ts';
import { requestSpan } from '../../../telemetry/spans.ts';
import type { ActorContext } from '../../definition.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import type { ActorSnapshot } from '../../system.ts';
import type { ExplainKey, GatherFacts, SetProperty, WatchConfig, WatchConfigNoMore } from '../config/messages.ts';
import type { LayerValue } from '../config/ports.ts';
import type { ConvergePlan, ConvergeReport, ConvergeRequest, PlanRequest } from '../converge/messages.ts';
import type { HealthQuestion, HealthSummary, RunChecks } from '../health/healthcheck.ts';
import type { SetCondition } from '../health/set-conditions.ts';
import type { HealthView } from '../health/view.ts';
import type { CancelKeepalive, KeepaliveView, SetKeepalive, ShowKeepalive } from '../keepalive/keepalive.ts';
import type { AskShutdown, CancelShutdown, ChangeEndScripts } from '../lifecycle/lifecycle.ts';
import type { MessageRequest } from '../messaging/accept.ts';
import type { AcceptRequest } from '../messaging/messaging.ts';
import { endScriptsQuestion, shutdownQuestion } from './lifecycle-requests.ts';
import { askStatus, type StatusPorts } from './status.ts';
import type { WaitForNodes, WaitNoMore } from '../sync/sync.ts';
import type { WaitedFor } from '../sync/waits.ts';

/** Given to whoever keeps it. */
type Told = SpooledRequest | LocalRequestOf<'test'>;

/** Whoever made a request, as far as it matters while that is served. */
export interface Asker {
  /** Takes a line for a person, before the answer. */
  readonly progress: (line: string) => void;
  /** Aborts when the caller has ended its input: a wait is not kept up for somebody who may be gone. */
  readonly gone: AbortSignal;
}

/** What the machine is called. */
export interface NamedHost {
  /** What was told, else what the machine says. */
  nameNow(told: string | undefined): string;
  /** It is known by that from now on, until the daemon begins again and asks the machine. */
  changed(name: string): void;
}

export interface ServePorts {
  readonly messaging: ActorRef<AcceptRequest>;
  readonly keepalive: ActorRef<SetKeepalive | CancelKeepalive | ShowKeepalive>;
  readonly converge: ActorRef<ConvergeRequest | PlanRequest>;
  readonly healthcheck: ActorRef<RunChecks | HealthQuestion | SetCondition>;
  readonly config: ActorRef<ExplainKey | GatherFacts | SetProperty | WatchConfig | WatchConfigNoMore>;
  readonly lifecycle: ActorRef<AskShutdown | CancelShutdown | ChangeEndScripts>;
  readonly sync: ActorRef<WaitForNodes | WaitNoMore>;
  readonly status: StatusPorts;
  readonly inspect: () => readonly ActorSnapshot[];
  readonly host: NamedHost;
  readonly clock: Clock;
}

/** A caller that names no time waits this long. */
const defaultWaitMs = 5_000;
/** No caller waits longer for a short request, whatever it says. */
export const longestWaitMs = 30_000;
/** Nor for a converge or a round of checks. */
const longestJobMs = 24 * 3_600_000;
/** Nor for other nodes. */
const longestSyncMs = 7 * longestJobMs;

const isLong = (request: LocalRequest): boolean => request.verb === 'converge' || request.verb === 'watch' || request.verb === 'wait' || (request.verb === 'health' && request.run);

const longestMsOf = ({ verb }: LocalRequest): number => (verb === 'wait' ? longestSyncMs : longestJobMs);

const waitMsOf = (request: LocalRequest): number =>
  isLong(request) ? Math.min(request.remainingMs ?? longestJobMs, longestMsOf(request)) : Math.min(request.remainingMs ?? defaultWaitMs, longestWaitMs);

const answer = (id: string, result: Result<unknown>): LocalReply =>
  result.ok ? { ok: true, id, result: result.value } : { ok: false, id, code: result.error.code, message: result.error.message };

/** Serves requests from within an actor; `stopping` aborts when the daemon is about to end, which answers those that take long. */
export class RequestServer<M> {
  readonly #ports: ServePorts;
  readonly #context: ActorContext<M>;
  readonly #stopping: AbortSignal;

  constructor(ports: ServePorts, context: ActorContext<M>, stopping: AbortSignal) {
    this.#ports = ports;
    this.#context = context;
    this.#stopping = stopping;
  }

  async serve(request: LocalRequest, asker: Asker): Promise<LocalReply> {
    const span = startSpan(requestSpan(request.verb, request.id, request.trace));
    try {
      const work = this.#work(request, asker, span.trace);
      const result = await (isLong(request) ? this.#unlessStopping(work) : work);
      if (!result.ok) span.fail(result.error.code);
      return answer(request.id, result);
    } finally {
      span.end();
    }
  }

  /** Gives a message to whoever keeps it, which answers when it is durable. */
  async accept(request: Told, waitMs: number, trace: TraceContext | undefined): Promise<Result<void>> {
    switch (request.verb) {
      case 'condition':
        return this.#ask(this.#ports.healthcheck, (reply: Reply<Result<void>>) => ({ type: 'condition', request, reply }) as const, waitMs, trace);
      case 'installation': {
        const { config, host } = this.#ports;
        const hostname = host.nameNow(request.hostname);
        const accepted = await this.#tellMessaging({ ...request, hostname }, waitMs, trace);
        if (!accepted.ok) return accepted;
        host.changed(hostname);
        this.#context.tell(config, { type: 'gather', once: true });
        return accepted;
      }
      case 'log':
      case 'send':
      case 'autoscale':
      case 'test':
        return this.#tellMessaging(request, waitMs, trace);
      default:
        return assertNever(request);
    }
  }

  #work(request: LocalRequest, asker: Asker, trace: TraceContext | undefined): Promise<Result<unknown>> {
    const waitMs = waitMsOf(request);
    switch (request.verb) {
      case 'log':
      case 'send':
      case 'condition':
      case 'autoscale':
      case 'installation':
      case 'test':
        return this.accept(request, waitMs, trace);
      case 'shutdown':
        return this.#ask(this.#ports.lifecycle, shutdownQuestion(request), waitMs, trace);
      case 'run-on-shutdown': {
        const question = endScriptsQuestion(request);
        return question.ok ? this.#ask(this.#ports.lifecycle, question.value, waitMs, trace) : Promise.resolve(question);
      }
      case 'keepalive':
        return this.#keepalive(request, waitMs, trace);
      case 'converge':
        return this.#converge(request, asker, waitMs, trace);
      case 'health':
        return this.#health(request, waitMs, trace);
      case 'wait':
        return this.#wait(request, asker, waitMs, trace);
      case 'property': {
        const { at, id, key, value } = request;
        return this.#ask(this.#ports.config, (reply: Reply<Result<void>>) => ({ type: 'property', id, at, key, value, reply }) as const, waitMs, trace);
      }
      case 'explain': {
        const { key } = request;
        return this.#context.ask(this.#ports.config, (reply: Reply<readonly LayerValue[]>) => ({ type: 'explain', key, reply }) as const, { timeoutMs: waitMs, trace });
      }
      case 'watch':
        return this.#watch(request, asker, waitMs, trace);
      case 'status':
        return askStatus(this.#ports.status, this.#context).then(ok);
      case 'inspect':
        return Promise.resolve(ok({ actors: this.#ports.inspect() }));
      default:
        return assertNever(request);
    }
  }

  #tellMessaging(request: MessageRequest, waitMs: number, trace: TraceContext | undefined): Promise<Result<void>> {
    return this.#ask(this.#ports.messaging, (reply: Reply<Result<void>>) => ({ type: 'accept', request, reply }) as const, waitMs, trace);
  }

  #keepalive({ action, durationMs, reason }: LocalRequestOf<'keepalive'>, waitMs: number, trace: TraceContext | undefined): Promise<Result<KeepaliveView>> {
    const { keepalive } = this.#ports;
    switch (action) {
      case 'set':
        return this.#ask(keepalive, (reply: Reply<Result<KeepaliveView>>) => ({ type: 'set', durationMs, reason, reply }) as const, waitMs, trace);
      case 'cancel':
        return this.#ask(keepalive, (reply: Reply<Result<KeepaliveView>>) => ({ type: 'cancel', reply }) as const, waitMs, trace);
      case 'show':
        return this.#context.ask(keepalive, (reply: Reply<KeepaliveView>) => ({ type: 'show', reply }) as const, { timeoutMs: waitMs, trace });
      default:
        return assertNever(action);
    }
  }

  #converge({ debug, noSync, plan, rerunScripts, strace }: LocalRequestOf<'converge'>, { progress }: Asker, waitMs: number, trace: TraceContext | undefined): Promise<Result<unknown>> {
    const { converge } = this.#ports;
    if (plan) return this.#ask(converge, (reply: Reply<Result<ConvergePlan>>) => ({ type: 'plan', reply }) as const, waitMs, trace);
    const message = { type: 'converge', trigger: 'command-line', rerunScripts, noSync, debug, strace, progress } as const;
    return this.#ask(converge, (reply: Reply<Result<ConvergeReport>>) => ({ ...message, reply }) as const, waitMs, trace);
  }

  async #health({ run }: LocalRequestOf<'health'>, waitMs: number, trace: TraceContext | undefined): Promise<Result<HealthView>> {
    const { healthcheck } = this.#ports;
    if (run) {
      const ran = await this.#ask(healthcheck, (reply: Reply<Result<HealthSummary>>) => ({ type: 'check', reply }) as const, waitMs, trace);
      if (!ran.ok) return ran;
    }
    return this.#context.ask(healthcheck, (reply: Reply<HealthView>) => ({ type: 'health', reply }) as const, { timeoutMs: defaultWaitMs, trace });
  }

  /** An actor that crashed has forgotten the wait: it is asked anew for the time that remains. */
  async #wait(request: LocalRequestOf<'wait'>, asker: Asker, waitMs: number, trace: TraceContext | undefined): Promise<Result<WaitedFor>> {
    const { count, id, phase, role } = request;
    const { clock, sync } = this.#ports;
    const end = clock.monotonic() + waitMs;
    const leave = (): void => void this.#context.tell(sync, { type: 'unwait', id });
    asker.gone.addEventListener('abort', leave, { once: true });
    try {
      for (;;) {
        const timeoutMs = Math.max(0, end - clock.monotonic());
        const wait = { id, role, phase, count, timeoutMs };
        // Its own time limit answers first, with how the nodes stand.
        const result = await this.#ask(sync, (reply: Reply<Result<WaitedFor>>) => ({ type: 'wait', wait, reply }) as const, timeoutMs + 1_000, trace);
        if (result.ok || result.error.code !== 'actor_crashed' || asker.gone.aborted) return result;
      }
    } finally {
      asker.gone.removeEventListener('abort', leave);
    }
  }

  /** Never answered but by the daemon's end: whoever watches goes away. An actor that crashed has forgotten the watch. */
  async #watch({ id }: LocalRequestOf<'watch'>, asker: Asker, waitMs: number, trace: TraceContext | undefined): Promise<Result<never>> {
    const { clock, config } = this.#ports;
    const end = clock.monotonic() + waitMs;
    const leave = (): void => void this.#context.tell(config, { type: 'unwatch', id });
    const changed = (): void => asker.progress('changed');
    asker.gone.addEventListener('abort', leave, { once: true });
    try {
      for (;;) {
        const timeoutMs = Math.max(0, end - clock.monotonic());
        const watch = (reply: Reply<never>): WatchConfig => ({ type: 'watch', id, changed, reply });
        const result = await this.#context.ask(config, watch, { timeoutMs, trace });
        if (result.ok || result.error.code !== 'actor_crashed' || asker.gone.aborted) return result;
      }
    } finally {
      asker.gone.removeEventListener('abort', leave);
      leave();
    }
  }

  async #ask<N, R>(ref: ActorRef<N>, question: (reply: Reply<Result<R>>) => N, timeoutMs: number, trace: TraceContext | undefined): Promise<Result<R>> {
    const asked = await this.#context.ask(ref, question, { timeoutMs, trace });
    return asked.ok ? asked.value : asked;
  }

  #unlessStopping(work: Promise<Result<unknown>>): Promise<Result<unknown>> {
    const stopping = this.#stopping;
    return new Promise((resolve, reject) => {
      const stop = (): void => resolve(fail('actor_stopped', 'jetpackd is stopping'));
      if (stopping.aborted) stop();
      else stopping.addEventListener('abort', stop, { once: true });
      const settled = (): void => stopping.removeEventListener('abort', stop);
      void work.then(resolve, reject).finally(settled);
    });
  }
}
