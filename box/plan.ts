// What the cluster in a box consists of, and what its options say.
import path from 'node:path';
import { parseDuration } from '../commands/duration.ts';
import { parseFlags, helpText, type Environment } from '../commands/flags.ts';
import { checkBrokerUrl } from '../node/broker-options.ts';
import { fail, ok, type Result } from '../protocol/result.ts';

/** As a person types it, in front of the options. */
export const command = 'npm start --';

const table = {
  for: { value: 'TIME', help: 'end by itself after so long (20s, 5m) with a summary' },
  'until-ready': { help: 'end by itself, with a summary, as soon as every node is ready or has failed' },
  fresh: { help: 'forget the state of earlier runs' },
  break: { help: 'make a script of one node fail, to see what that looks like' },
  amqp: { value: 'URL', env: 'JETPACK_BOX_AMQP_URL', help: 'run server and nodes as processes of their own on this RabbitMQ' },
  state: { value: 'DIR', help: 'where state lives, else .state/box in the repository' },
} as const;

export const boxHelp = helpText(command, 'A cluster in a box: one server and three nodes, which converge the project in examples/.', table);

export const clusterName = 'box';
export const nodeNames = ['scheduler', 'execute-1', 'execute-2'] as const;

export interface BoxPlan {
  readonly state: string;
  readonly fresh: boolean;
  /** Whether a script of the project is made to fail. */
  readonly break: boolean;
  /** Undefined to run until a signal, or until the nodes are ready. */
  readonly forMs: number | undefined;
  /** Whether it ends when every node is ready or has failed. */
  readonly untilReady: boolean;
  /** Undefined for the embedded broker. May hold a password: never shown, never passed on in arguments. */
  readonly brokerUrl: string | undefined;
}

export const nodeHome = (state: string, node: string): string => path.join(state, 'nodes', node);
export const serverHome = (state: string): string => path.join(state, 'server');
export const logFolder = (state: string): string => path.join(state, 'logs');

export const root = path.resolve(import.meta.dirname, '..');

/** The longest that a timer of Node's runs, in whole hours. */
const longestHours = 596;

const parseFor = (text: string): Result<number> => {
  const parsed = parseDuration(text);
  if (!parsed.ok) return fail('usage', `${command}: --for ${parsed.error.message}`);
  return parsed.value > 0 && parsed.value <= longestHours * 3_600_000
    ? parsed
    : fail('usage', `${command}: --for '${text}' is not between 1ms and ${longestHours}h`);
};

export const parsePlan = (argv: readonly string[], env: Environment): Result<BoxPlan | 'help'> => {
  const flags = parseFlags(command, table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  const duration = flags.value.for === undefined ? ok(undefined) : parseFor(flags.value.for);
  if (!duration.ok) return duration;
  const url = flags.value.amqp === undefined ? ok(undefined) : checkBrokerUrl(command, flags.value.amqp);
  if (!url.ok) return url;
  return ok({
    state: path.resolve(flags.value.state ?? path.join(root, '.state', 'box')),
    fresh: flags.value.fresh === true,
    break: flags.value.break === true,
    forMs: duration.value,
    untilReady: flags.value['until-ready'] === true,
    brokerUrl: url.value,
  });
};
