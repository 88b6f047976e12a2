// Brings the node in step with its projects: at boot, and when the server or the command line asks.
//
//   recovering  what an earlier life left of a script is ended; nothing runs before that.
//   idle        waits for a configuration, or for somebody who wants a converge.
//   converging  one run: the projects are brought from their lockers, then script after script, then a round of health checks.
//   ending      the run's outcome is on its way into the node's state, again and again until it is there.
//
// The boot's converge is due once in the life of the daemon: with the server's configuration, or with the kept one when the
// server's has not come for a while. A run ends with its last script or its first failure. Each thing it does to the
// machine is an effect in a queue of one, and its result a message. Before a script begins, the node's state says so; when
// it has ended well, its marker does. So a successor, after a crash or in the next life, ends what is left of the script
// and goes on after the last one that ended well, under the same run. It never says ready before all scripts have
// ended well or were passed over as the configuration says, and no script ever runs twice at once.
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import type { Card } from '../../../protocol/card.ts';
import type { ConvergeTrigger, Phase } from '../../../protocol/events.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import type { AskConfiguration, ConfigurationKnown } from '../config/config.ts';
import { ConvergeDriver, type ConvergeState } from './driver.ts';
import { Effects, recover } from './effects.ts';
import { ConvergeMemory } from './memory.ts';
import type { ConvergeStep, Projects, StepStanding, Synced } from './ports.ts';
import { joined, type Wanted } from './queue.ts';
import type { ConvergeRecord } from './record.ts';
import { configurationOf } from './run.ts';
import type { RanScript, ScriptPlace } from './script.ts';
import type { HealthSummary, RunChecks } from '../health/healthcheck.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { ScriptRunner } from '../scripts.ts';
import type { NodeState } from '../state.ts';

/** Told to sync when the phase's event is durable. */
export interface PhaseEntered {
  readonly type: 'phase';
  readonly phase: Phase;
  /** One line for a person. */
  readonly detail?: string;
}

export interface ConvergeReport {
  /** Names the converge. */
  readonly run: string;
  readonly ran: number;
  /** Scripts that had run before. */
  readonly skipped: number;
  /** The first failure that was passed over, where failures are. */
  readonly failed?: Card;
  readonly durationMs: number;
}

/**
 * Answered when it has ended. Fails with `converge_running` when the command line asks during another; with `script_failed`,
 * `project_missing`, `project_unusable`, `home_unusable` or `state_unwritable` as it ends.
 */
export interface ConvergeRequest {
  readonly type: 'converge';
  readonly trigger: ConvergeTrigger;
  readonly rerunScripts: boolean;
  /** A UUID: of two converges under one id, the second runs nothing again that the first ran. Absent: each is its own. */
  readonly run?: string;
  /** Takes lines for a person. */
  readonly progress?: (line: string) => void;
  readonly reply: Reply<Result<ConvergeReport>>;
}

export interface ConvergePlan {
  readonly steps: ReadonlyArray<Pick<ConvergeStep, 'project' | 'version' | 'spec' | 'script' | 'sha256'> & { readonly state: StepStanding }>;
  readonly warnings: readonly string[];
}

/** Fails with `wait_unmet` before there is a configuration, else with `project_missing` or `project_unusable`. */
export interface PlanRequest {
  readonly type: 'plan';
  readonly reply: Reply<Result<ConvergePlan>>;
}

export interface ConvergeView {
  readonly state: 'recovering' | 'idle' | 'converging' | 'ending';
  readonly last?: ConvergeRecord;
  /** How many wait for the next one. */
  readonly waiting: number;
}

export interface ConvergeQuestion {
  readonly type: 'converge?';
  readonly reply: Reply<ConvergeView>;
}

/** A script may begin: the node's state knows it. */
export interface StepKept {
  readonly type: 'stepKept';
  readonly step: ConvergeStep;
  readonly job: string;
  readonly result: Result<void>;
}

export interface StepRan {
  readonly type: 'ran';
  readonly step: ConvergeStep;
  readonly ran: RanScript;
}

export type ConvergeMessage =
  | ConfigurationKnown
  | ConvergeRequest
  | PlanRequest
  | ConvergeQuestion
  | { readonly type: 'recovered'; readonly processes: number; readonly script: string | undefined }
  | { readonly type: 'graceOver' }
  | { readonly type: 'begun'; readonly result: Result<void> }
  | { readonly type: 'synced'; readonly result: Result<Synced> }
  | StepKept
  | StepRan
  | { readonly type: 'checked'; readonly result: Result<HealthSummary> }
  | { readonly type: 'ended'; readonly result: Result<void> }
  | { readonly type: 'endAgain' }
  | { readonly type: 'planned' }
  | { readonly type: 'broke'; readonly error: unknown };

export interface ConvergeTimes {
  /** How long the boot's converge waits for the server's configuration when there is a kept one. */
  readonly bootGraceMs: number;
  readonly scriptTimeoutMs: number;
}

export interface ConvergePorts extends Omit<ScriptPlace, 'scriptTimeoutMs'> {
  readonly projects: Projects;
  readonly scripts: ScriptRunner;
  readonly state: NodeState;
  readonly config: ActorRef<AskConfiguration>;
  readonly messaging: ActorRef<DrainPending>;
  readonly healthcheck: ActorRef<RunChecks>;
  readonly sync: ActorRef<PhaseEntered>;
  readonly times: ConvergeTimes;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const planOf = ({ steps, warnings }: Synced): ConvergePlan => ({
  steps: steps.map(({ project, script, sha256, spec, standing, version }) => ({ project, version, spec, script, sha256, state: standing })),
  warnings,
});

const viewOf = ({ ending, last, recovered, run, waiting }: ConvergeState): ConvergeView => ({
  state: ending !== undefined ? 'ending' : run !== undefined ? 'converging' : recovered ? 'idle' : 'recovering',
  ...(last === undefined ? {} : { last }),
  waiting: waiting?.askers.length ?? 0,
});

export const converge = (ports: ConvergePorts): ActorDefinition<ConvergeState, ConvergeMessage> => {
  const { clock, logger, projects, times } = ports;
  const memory = new ConvergeMemory(ports);
  /** Of the daemon, not of an incarnation. */
  const life = uuid7(clock.now(), ports.random);
  const driver = new ConvergeDriver(ports, memory, life);
  type Context = ActorContext<ConvergeMessage>;

  const want = (state: ConvergeState, wanted: Wanted, context: Context): ConvergeState =>
    driver.go({ ...state, waiting: joined(state.waiting, wanted) }, context);

  const wantBoot = (state: ConvergeState, context: Context): ConvergeState =>
    want({ ...state, bootDue: false }, { trigger: 'boot', rerunScripts: false, askers: [] }, context);

  const configured = (before: ConvergeState, message: ConfigurationKnown, context: Context): ConvergeState => {
    const state = { ...before, configuration: configurationOf(message) };
    if (!state.bootDue) return driver.go(state, context);
    if (message.source === 'server') return wantBoot(state, context);
    if (before.configuration === undefined) context.later(times.bootGraceMs, { type: 'graceOver' });
    return driver.go(state, context);
  };

  const request = (state: ConvergeState, { progress, reply, rerunScripts, run, trigger }: ConvergeRequest, context: Context): ConvergeState => {
    if (state.run !== undefined && trigger === 'command-line') {
      const { done, step, total } = state.last ?? { done: 0, total: 0, step: undefined };
      reply(fail('converge_running', `a converge is under way: ${done} of ${total} scripts are done${step === undefined ? '' : `, ${step} runs`}`));
      return state;
    }
    if (state.configuration === undefined) progress?.("Waiting for the node's configuration");
    return want(state, { id: run, trigger, rerunScripts, askers: [{ progress, reply }] }, context);
  };

  const plan = ({ configuration, effects }: ConvergeState, reply: PlanRequest['reply'], context: Context): void => {
    if (configuration === undefined) {
      reply(fail('wait_unmet', 'the node has no configuration yet: its server has sent none'));
      return;
    }
    const { flaw, locker, specs } = configuration;
    if (flaw !== undefined) {
      reply(fail('project_unusable', flaw));
      return;
    }
    const settle = (result: Result<Synced>): ConvergeMessage => {
      reply(result.ok ? ok(planOf(result.value)) : result);
      return { type: 'planned' };
    };
    context.pipeToSelf(effects.look((signal) => projects.plan(specs, locker, signal)), settle, (error) => settle(fail('internal', String(error))));
  };

  return {
    name: 'converge',
    start(context) {
      const effects = new Effects();
      const begun = memory.script();
      context.pipeToSelf(
        effects.add(() => recover(begun, ports)),
        (processes) => ({ type: 'recovered', processes, script: begun?.script }),
        (error) => ({ type: 'broke', error }),
      );
      context.tell(ports.config, { type: 'configuration?', observer: context.self });
      const last = memory.last();
      const bootDue = !memory.hadBoot(life);
      // A crash ended it, and nobody else would go on with it: the boot is over.
      const waiting: Wanted | undefined = !bootDue && last?.outcome === 'running' ? { trigger: 'boot', rerunScripts: false, askers: [] } : undefined;
      return { effects, recovered: false, configuration: undefined, bootDue, waiting, run: undefined, told: [], ending: undefined, last };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'configured':
          return configured(state, message, context);
        case 'graceOver':
          return state.bootDue ? wantBoot(state, context) : state;
        case 'converge':
          return request(state, message, context);
        case 'plan':
          plan(state, message.reply, context);
          return state;
        case 'converge?':
          message.reply(viewOf(state));
          return state;
        case 'recovered':
          if (message.processes > 0) logger.warn(`${message.script} had been interrupted: ${message.processes} of its processes were ended`);
          return driver.go({ ...state, recovered: true }, context);
        case 'begun':
          return driver.begun(state, message.result, context);
        case 'synced':
          return driver.synced(state, message.result, context);
        case 'stepKept':
          return driver.stepKept(state, message, context);
        case 'ran':
          return driver.ran(state, message, context);
        case 'checked':
          return driver.checked(state, message.result, context);
        case 'ended':
          return driver.ended(state, message.result, context);
        case 'endAgain':
          return driver.endAgain(state, context);
        case 'planned':
          return state;
        case 'broke':
          // What is aborted may reject.
          if (state.effects.stopped) return state;
          throw message.error;
        default:
          return assertNever(message);
      }
    },
    drain: ({ effects }) => effects.end(),
    release: ({ effects }) => effects.end(),
  };
};
