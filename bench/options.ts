import { parseArgs } from 'node:util';
import { brokerNames, type BrokerName } from '../integration/broker/test-broker.ts';
import { fail, ok, type Result } from '../protocol/result.ts';

export interface BenchOptions {
  readonly suite: string;
  readonly rounds: number;
  readonly json: string | undefined;
  readonly installPeers: boolean;
  /** The RabbitMQ that `transport`, `memory` and a peer of `cli` start: Debian's, or an image. */
  readonly broker: BrokerName;
}

/** Fewer rounds than this say nothing on a busy machine. */
const fewestRounds = 5;

export const parseOptions = (args: readonly string[], suites: readonly string[]): Result<BenchOptions> => {
  const form = `npm run bench -- ${suites.join('|')} [--rounds N] [--json FILE] [--install-peers] [--broker ${brokerNames.join('|')}]`;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { rounds: { type: 'string', default: String(fewestRounds) }, json: { type: 'string' }, 'install-peers': { type: 'boolean', default: false }, broker: { type: 'string', default: 'installed' } },
    });
    const [suite, ...more] = positionals;
    if (suite === undefined || !suites.includes(suite) || more.length > 0) return fail('usage', `name one suite: ${form}`);
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < fewestRounds) return fail('usage', `--rounds is a whole number from ${fewestRounds} on, not ${values.rounds}`);
    const broker = brokerNames.find((known) => known === values.broker);
    if (broker === undefined) return fail('usage', `--broker is ${brokerNames.join(' or ')}, not ${values.broker}`);
    return ok({ suite, rounds, json: values.json, installPeers: values['install-peers'], broker });
  } catch (error) {
    return fail('usage', `${error instanceof Error ? error.message : String(error)}: ${form}`);
  }
};
