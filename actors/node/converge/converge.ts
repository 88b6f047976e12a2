// Brings the node in step with its projects: at boot, and when the server or the command line asks.
//
//   recovering  what an earlier life left of a script is ended; nothing runs before that.
//   idle        waits for a configuration, or for somebody who wants a converge.
//   converging  one run: the projects are brought from their lockers, then script after script, then a round of health checks.
//   ending      the run's outcome is on its way into the node's state, again and again until it is there.
//
// The boot's converge is due once in the life of the daemon: with the server's configuration, or with the kept one when the
// server's has not come for a while. It is made once more when the server's turns out to be another one (basis.ts), and
// again after a pause when it failed and the configuration grants more attempts, unless somebody asks meanwhile. A run ends
// with its last script or its first failure. Each thing it does to the machine is an effect in a queue of one, and its
// result a message.
//
// Before a script begins, the node's state says so; when it has ended well, its marker does. So a successor, after a crash
// or in the next life, ends what is left of the script and goes on after the last one that ended well, under the same run;
// whoever wants everything to run again waits for the end of that. A converge that is asked for again under its id is joined while
// it runs or stands interrupted, and answered with its outcome when no other came after it. It never says ready
// before all scripts have ended well or were passed over as the configuration says, and no script ever runs twice at once.
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import { uuid7, type Random } from '../../../effects/random.ts';
import { assertNever, fail } from '../../../protocol/result.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef } from '../../ref.ts';
import type { AskConfiguration, ConfigurationKnown } from '../config/messages.ts';
import { Basis } from './basis.ts';
import { configurationOf, type ConvergeConfiguration } from './configuration.ts';
import { ConvergeDriver, type ConvergeState } from './driver.ts';
import { Effects, recover } from './effects.ts';
import { ConvergeMemory } from './memory.ts';
import type { ConvergeMessage, ConvergeRequest, PhaseEntered } from './messages.ts';
import type { MetadataDoor, Projects } from './ports.ts';
import { bootWanted, joined, mostAskers, type Wanted } from './queue.ts';
import { answerOf, standsFor } from './record.ts';
import type { ScriptPlace } from './script.ts';
import { answerPlan, viewOf } from './views.ts';
import type { RunChecks } from '../health/healthcheck.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { ScriptRunner } from '../scripts.ts';
import type { NodeState } from '../state.ts';

export interface ConvergeTimes {
  /** How long the boot's converge waits for the server's configuration when there is a kept one. */
  readonly bootGraceMs: number;
  readonly scriptTimeoutMs: number;
}

export interface ConvergePorts extends Omit<ScriptPlace, 'scriptTimeoutMs'> {
  readonly projects: Projects;
  readonly scripts: ScriptRunner;
  readonly metadataDoor: MetadataDoor;
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

export const converge = (ports: ConvergePorts): ActorDefinition<ConvergeState, ConvergeMessage> => {
  const { clock, logger, projects, times } = ports;
  const memory = new ConvergeMemory(ports);
  /** Of the daemon, not of an incarnation. */
  const life = uuid7(clock.now(), ports.random);
  const basis = new Basis();
  const driver = new ConvergeDriver(ports, memory, basis, life);
  type Context = ActorContext<ConvergeMessage>;

  /** An attempt that waits for its time gives way. */
  const want = (state: ConvergeState, wanted: Wanted, context: Context): ConvergeState => {
    state.cancelAttempt?.();
    return driver.go({ ...state, cancelAttempt: undefined, waiting: joined(state.waiting, wanted) }, context);
  };

  const wantBoot = (state: ConvergeState, context: Context, attempt = 1): ConvergeState => want({ ...state, bootDue: false }, bootWanted(attempt), context);

  /** One that comes after the boot's converge has begun. */
  const changed = (state: ConvergeState, configuration: ConvergeConfiguration, context: Context): ConvergeState => {
    const found = basis.compare(configuration);
    // What waits takes it in any case.
    if (found === 'nothing' || state.waiting?.boot === true || (found === 'tell' && state.waiting !== undefined)) return driver.go(state, context);
    if (found === 'tell' && state.cancelAttempt !== undefined) {
      logger.info('the server has changed the specs since the converge at boot failed: it is tried again with them');
      return wantBoot(state, context);
    }
    if (found === 'tell') {
      logger.info('the server has changed the specs since they were converged: its changes wait for a converge that is asked for');
      return driver.go(state, context);
    }
    logger.info("the server's specs differ from the kept ones that the converge at boot used: the node converges once more");
    return wantBoot(state, context);
  };

  const configured = (before: ConvergeState, message: ConfigurationKnown, context: Context): ConvergeState => {
    const configuration = configurationOf(message);
    // A predecessor may have left an attempt to come.
    const state = driver.attemptLater(driver.openDoor({ ...before, configuration }, context), context);
    if (message.source === 'server') return state.bootDue ? wantBoot(state, context) : changed(state, configuration, context);
    if (state.bootDue && before.configuration === undefined) context.later(times.bootGraceMs, { type: 'graceOver' });
    return driver.go(state, context);
  };

  const request = (state: ConvergeState, { debug, noSync, progress, reply, rerunScripts, run: id, strace, trigger }: ConvergeRequest, context: Context): ConvergeState => {
    const { last, run } = state;
    const asker = { progress, reply };
    const isLast = last !== undefined && standsFor(last, id);
    if (isLast && run === undefined && last.outcome !== 'running') {
      reply(answerOf(last));
      return state;
    }
    if (run !== undefined && trigger === 'command-line') {
      const { done, step, total } = last ?? { done: 0, total: 0, step: undefined };
      reply(fail('converge_running', `a converge is under way: ${done} of ${total} scripts are done${step === undefined ? '' : `, ${step} runs`}`));
      return state;
    }
    const joins = isLast && run !== undefined;
    const others = joins ? run.askers : (state.waiting?.asks ?? []);
    if (others.length >= mostAskers) {
      reply(fail('busy', `${mostAskers} wait for the converge already`));
      return state;
    }
    if (joins) return { ...state, run: { ...run, askers: [...run.askers, asker] } };
    if (state.configuration === undefined) progress?.("Waiting for the node's configuration");
    return want(state, { boot: false, attempt: 1, asks: [{ id, trigger, rerunScripts, noSync: noSync === true, debug: debug === true, strace: strace === true, asker }] }, context);
  };

  /** Before it begins, so that a node fails no converge for want of a tool to look into it. */
  const traced = (asked: ConvergeRequest, context: Context): void =>
    context.pipeToSelf(
      ports.scripts.mayTrace(),
      (result) => ({ type: 'mayTrace', request: asked, result }),
      (error) => ({ type: 'mayTrace', request: asked, result: fail('internal', String(error)) }),
    );

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
      const waiting: Wanted | undefined = !bootDue && last?.outcome === 'running' ? bootWanted(1) : undefined;
      return { effects, recovered: false, configuration: undefined, bootDue, waiting, run: undefined, told: [], ending: undefined, last, cancelAttempt: undefined };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'configured':
          return configured(state, message, context);
        case 'graceOver':
          return state.bootDue ? wantBoot(state, context) : state;
        case 'converge':
          if (message.strace !== true) return request(state, message, context);
          traced(message, context);
          return state;
        case 'mayTrace':
          if (message.result.ok) return request(state, message.request, context);
          message.request.reply(message.result);
          return state;
        case 'plan':
          answerPlan(state, projects, message.reply, context);
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
        case 'door':
          return driver.doorSet(state, message.closed, message.result, context);
        case 'opened':
          if (!message.result.ok) logger.warn(message.result.error);
          return state;
        case 'ended':
          return driver.ended(state, message.result, context);
        case 'endAgain':
          return driver.endAgain(state, context);
        case 'attempt':
          // One that gave way may be on its way already.
          return state.cancelAttempt === undefined ? state : wantBoot(state, context, message.attempt);
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
