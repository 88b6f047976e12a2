// What is told to those who only look: how a converge stands, and what the next one would run.
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorContext } from '../../definition.ts';
import type { ConvergeMessage, ConvergePlan, ConvergeView, PlanRequest } from './messages.ts';
import type { ConvergeState } from './driver.ts';
import type { Projects, Synced } from './ports.ts';

const planOf = ({ steps, warnings }: Synced): ConvergePlan => ({
  steps: steps.map(({ project, script, sha256, spec, standing, version }) => ({ project, version, spec, script, sha256, state: standing })),
  warnings,
});

export const viewOf = ({ ending, last, recovered, run, waiting }: ConvergeState): ConvergeView => ({
  state: ending !== undefined ? 'ending' : run !== undefined ? 'converging' : recovered ? 'idle' : 'recovering',
  ...(last === undefined ? {} : { last }),
  waiting: waiting?.asks.length ?? 0,
});

export const answerPlan = ({ configuration, effects }: ConvergeState, projects: Projects, reply: PlanRequest['reply'], context: ActorContext<ConvergeMessage>): void => {
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
