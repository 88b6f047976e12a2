import { parseArgs } from 'node:util';
import { fail, ok, type Result } from '../protocol/result.ts';

export interface BenchOptions {
  readonly suite: string;
  readonly rounds: number;
  readonly json: string | undefined;
  readonly installPeers: boolean;
}

/** Fewer rounds than this say nothing on a busy machine. */
const fewestRounds = 5;

export const parseOptions = (args: readonly string[], suites: readonly string[]): Result<BenchOptions> => {
  const form = `npm run bench -- ${suites.join('|')} [--rounds N] [--json FILE] [--install-peers]`;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { rounds: { type: 'string', default: String(fewestRounds) }, json: { type: 'string' }, 'install-peers': { type: 'boolean', default: false } },
    });
    const [suite, ...more] = positionals;
    if (suite === undefined || !suites.includes(suite) || more.length > 0) return fail('usage', `name one suite: ${form}`);
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < fewestRounds) return fail('usage', `--rounds is a whole number from ${fewestRounds} on, not ${values.rounds}`);
    return ok({ suite, rounds, json: values.json, installPeers: values['install-peers'] });
  } catch (error) {
    return fail('usage', `${error instanceof Error ? error.message : String(error)}: ${form}`);
  }
};
