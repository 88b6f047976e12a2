// What the cluster in a box consists of, and where its state lies.
import path from 'node:path';
import { parseDuration, parseFlags, helpText, type Environment } from '../commands/flags.ts';
import { checkBrokerUrl } from '../node/options.ts';
import { ok, type Result } from '../protocol/result.ts';

const table = {
  for: { value: 'TIME', help: 'end by itself after so long (20s, 5m) with a summary' },
  fresh: { help: 'forget the state of earlier runs' },
  amqp: { value: 'URL', env: 'JETPACK_BOX_AMQP_URL', help: 'run server and nodes as processes of their own on this RabbitMQ' },
  state: { value: 'DIR', help: 'where state lives, else .state/box in the repository' },
} as const;

export const boxHelp = helpText('npm start --', 'A cluster in a box: one server and three nodes.', table);

export const clusterName = 'box';
export const nodeNames = ['scheduler', 'execute-1', 'execute-2'] as const;

export interface BoxPlan {
  readonly state: string;
  readonly fresh: boolean;
  /** Undefined to run until a signal. */
  readonly forMs: number | undefined;
  /** Undefined for the embedded broker. May hold a password: never shown, never passed on in arguments. */
  readonly brokerUrl: string | undefined;
}

export const nodeHome = (plan: BoxPlan, node: string): string => path.join(plan.state, 'nodes', node);
export const serverHome = (plan: BoxPlan): string => path.join(plan.state, 'server');

export const root = path.resolve(import.meta.dirname, '..');

export const parsePlan = (argv: readonly string[], env: Environment): Result<BoxPlan | 'help'> => {
  const flags = parseFlags('npm start --', table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  const duration = flags.value.for === undefined ? ok(undefined) : parseDuration(flags.value.for);
  if (!duration.ok) return duration;
  const url = flags.value.amqp === undefined ? ok(undefined) : checkBrokerUrl('npm start --', flags.value.amqp);
  if (!url.ok) return url;
  return ok({
    state: path.resolve(flags.value.state ?? path.join(root, '.state', 'box')),
    fresh: flags.value.fresh === true,
    forMs: duration.value,
    brokerUrl: url.value,
  });
};
