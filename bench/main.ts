// `npm run bench -- NAME`: measures one suite beside its peers.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { errors } from '../protocol/errors.ts';
import { actors } from './actors.ts';
import { BenchBroker } from './broker.ts';
import { cli } from './cli.ts';
import { hasAll, needsOf, runSuite, type Suite } from './harness.ts';
import { memory } from './memory.ts';
import { parseOptions, type BenchOptions } from './options.ts';
import { outbox } from './outbox.ts';
import { outcomeText, reportText, watchConditions } from './report.ts';
import { transport } from './transport.ts';

/** Each made when it is asked for: some begin programs of their own. */
const suites: Readonly<Record<string, (options: BenchOptions) => Suite>> = {
  actors: () => actors,
  outbox: () => outbox,
  transport: ({ broker }) => transport(new BenchBroker(broker)),
  cli: ({ broker }) => cli(new BenchBroker(broker)),
  memory: ({ broker }) => memory(new BenchBroker(broker)),
};

const onPath = (command: string): boolean => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status === 0;

/** Installs from Debian what the suite's peers need and the machine lacks. */
const installPeers = (suite: Suite): void => {
  const needs = needsOf(suite).filter((need) => !hasAll(need, onPath));
  if (needs.length === 0) return;
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...new Set(needs.flatMap(({ debianPackage }) => debianPackage.split(' ')))]]) {
    spawnSync('apt-get', args, { stdio: ['ignore', 2, 2] });
  }
};

const main = async (args: readonly string[]): Promise<number> => {
  const options = parseOptions(args, Object.keys(suites));
  if (!options.ok) {
    console.error(`bench: ${options.error.message}`);
    return errors[options.error.code].exit;
  }
  const { suite: name, rounds, json } = options.value;
  const suite = suites[name]?.(options.value);
  if (suite === undefined) throw new Error(`no suite ${name}`);
  if (options.value.installPeers) installPeers(suite);
  const conditions = watchConditions(suite, rounds);
  // What takes minutes shows as it comes.
  const results = await runSuite(suite, rounds, onPath, (outcome) => console.error(`${outcomeText(outcome)}\n`));
  console.log(reportText(suite, conditions(), results));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ suite: name, ...conditions(), results }, undefined, 2)}\n`);
  return 0;
};

process.exitCode = await main(process.argv.slice(2));
