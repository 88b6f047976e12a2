// What each command of the server does: which actor is asked, and what its answer means for the server.
import { lookUp } from '../../../commands/config-key.ts';
import type { Tree } from '../../../protocol/configuration.ts';
import { assertNever, fail, type Failure, type Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import type { ActorContext } from '../../definition.ts';
import type { ActorRef, AskResult, Reply } from '../../ref.ts';
import type { SetConfiguration } from '../config/messages.ts';
import type { ConvergeReport, ConvergeRequest } from '../converge/messages.ts';
import type { HealthSummary, RunChecks } from '../health/healthcheck.ts';
import type { EndReport } from '../lifecycle/ending.ts';
import type { EndNode } from '../lifecycle/lifecycle.ts';
import type { Order, Outcome } from './orders.ts';

export interface CarryOutPorts {
  readonly config: ActorRef<SetConfiguration>;
  readonly healthcheck: ActorRef<RunChecks>;
  readonly converge: ActorRef<ConvergeRequest>;
  readonly lifecycle: ActorRef<EndNode>;
}

/** The longest a command may take, milliseconds: it bounds what is waited for, not what runs. */
const longestMs = 24 * 3_600_000;

/** Failures of whoever was asked, and not of the command: it is taken up again. Those of the disk are outcomes: a converge that had one has ended so, and says the same however often it is asked. */
const passing: ReadonlySet<Failure['code']> = new Set<Failure['code']>(['actor_crashed', 'actor_stopped', 'busy', 'timeout']);

/** A setting that is kept comes into force as soon as the disk has room again: it is not called failed meanwhile. */
const passingForSet: ReadonlySet<Failure['code']> = new Set([...passing, 'home_unusable', 'state_unwritable'] as const);

/** Nothing is run of which it cannot be kept that it begins: the scripts are still to run. */
const passingForEnd: ReadonlySet<Failure['code']> = new Set([...passing, 'state_unwritable'] as const);

const flat = <T>(asked: AskResult<Result<T>>): Result<T> => (asked.ok ? asked.value : asked);

const outcomeOf = <T>(result: Result<T>, message: (value: T) => string, passes = passing): Result<Outcome> => {
  if (result.ok) return { ok: true, value: { state: 'done', message: message(result.value) } };
  if (passes.has(result.error.code)) return result;
  const { code, message: why } = result.error;
  return { ok: true, value: { state: 'failed', code, message: why } };
};

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const healthLine = ({ checks }: HealthSummary): string => {
  const notOk = checks.filter(({ status }) => status !== 'OK');
  const names = notOk.map(({ name, status }) => `${name} is ${status}`).join(', ');
  if (checks.length === 0) return 'there are no checks';
  const ran = counted(checks.length, 'check');
  return notOk.length === 0 ? `${ran}: all OK` : `${ran}: ${names}`;
};

const convergeLine = ({ ran, skipped }: ConvergeReport): string => `converged: ${counted(ran, 'script')} ran, ${skipped} had run before`;

const endLine = ({ ran }: EndReport): string => (ran === 0 ? 'nothing is registered to run' : `${counted(ran, 'script')} ran`);

/** Facts and identity of the node stand over the server's configuration, and what they hide is not shown. */
const settingLine = (key: string, wanted: Tree, tree: Tree): string => {
  const [asked, held] = [lookUp(wanted, key), lookUp(tree, key)];
  const hidden = typeof asked !== 'object' && asked !== held;
  return hidden ? `${key} is set, and not shown: what the node itself knows stands over it` : `${key} is set`;
};

/** A failure is one that passes: the command is to be tried again. Everything else is the command's outcome. */
export const carryOut = async <M>(order: Order, ports: CarryOutPorts, context: ActorContext<M>, trace: TraceContext | undefined): Promise<Result<Outcome>> => {
  const options = { timeoutMs: longestMs, trace };
  switch (order.name) {
    case 'check': {
      const asked = await context.ask(ports.healthcheck, (reply: Reply<Result<HealthSummary>>) => ({ type: 'check', reply }) as const, options);
      return outcomeOf(flat(asked), healthLine);
    }
    case 'converge': {
      const { command, rerunScripts = false } = order;
      // Under the command's id, so that what is asked again after a crash does nothing twice.
      const message = { type: 'converge', trigger: 'server', rerunScripts, run: command } as const;
      const asked = await context.ask(ports.converge, (reply: Reply<Result<ConvergeReport>>) => ({ ...message, reply }) as const, options);
      return outcomeOf(flat(asked), convergeLine);
    }
    case 'set': {
      const { configuration, key = '' } = order;
      if (configuration === undefined) return outcomeOf(fail('request_invalid', 'the command brought no configuration'), () => '');
      const asked = await context.ask(ports.config, (reply: Reply<Result<Tree>>) => ({ type: 'configuration', configuration, reply }) as const, options);
      return outcomeOf(flat(asked), (tree) => settingLine(key, configuration.tree, tree), passingForSet);
    }
    case 'end': {
      const { bootId, command, sinceBoot } = order;
      const accepted = bootId === undefined || sinceBoot === undefined ? undefined : { bootId, sinceBoot };
      // Under the command's id, so that what is asked again after a crash runs nothing twice.
      const asked = await context.ask(ports.lifecycle, (reply: Reply<Result<EndReport>>) => ({ type: 'end', request: command, accepted, reply }) as const, options);
      return outcomeOf(flat(asked), endLine, passingForEnd);
    }
    default:
      return assertNever(order.name);
  }
};
