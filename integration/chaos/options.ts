// The options of `npm run chaos`.
import { helpText, parseFlags, type Environment } from '../../commands/flags.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { brokerNames, type BrokerName } from '../broker/test-broker.ts';

export const program = 'npm run chaos --';

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  /** The first that is at hand when absent. */
  readonly broker: BrokerName | undefined;
  /** Where the report goes as JSON. */
  readonly json: string | undefined;
}

const table = {
  seed: { value: 'N', help: 'chooses the faults, else 1' },
  minutes: { value: 'M', help: 'how long faults strike, else 2; fractions too' },
  broker: { value: 'KIND', help: `${brokerNames.join(', ')}: which RabbitMQ, else the first of these that is at hand` },
  json: { value: 'FILE', help: 'the report as JSON' },
} as const;

export const help = helpText(`${program} --`, 'Lets faults strike five jetpackd, a cycle-server, their wires and their broker, under load, and counts what was lost or doubled.', table);

const mostSeed = 2 ** 32 - 1;
const mostMinutes = 24 * 60;

const seedFrom = (text: string): Result<number> => {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return seed <= mostSeed ? ok(seed) : fail('usage', `${program}: --seed '${text}' is not a whole number from 0 to ${mostSeed}`);
};

const minutesFrom = (text: string): Result<number> => {
  const minutes = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  return minutes > 0 && minutes <= mostMinutes ? ok(minutes) : fail('usage', `${program}: --minutes '${text}' is not a number above 0, up to ${mostMinutes}`);
};

const brokerFrom = (text: string | undefined): Result<BrokerName | undefined> => {
  const name = brokerNames.find((known) => known === text);
  return text === undefined || name !== undefined ? ok(name) : fail('usage', `${program}: --broker '${text}' is none of ${brokerNames.join(', ')}`);
};

export const parseChaosOptions = (argv: readonly string[], env: Environment): Result<ChaosOptions | 'help'> => {
  const flags = parseFlags(program, table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  const seed = seedFrom(flags.value.seed ?? '1');
  if (!seed.ok) return seed;
  const minutes = minutesFrom(flags.value.minutes ?? '2');
  if (!minutes.ok) return minutes;
  const broker = brokerFrom(flags.value.broker);
  return broker.ok ? ok({ seed: seed.value, minutes: minutes.value, broker: broker.value, json: flags.value.json }) : broker;
};
