// `npm run crash`: kills the programs of a cluster again and again, under load, and shows what became of the messages.
import { helpText, parseFlags, type Environment } from '../../commands/flags.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { runJudged } from '../cluster/judged-run.ts';
import { faults, reportLines } from './report.ts';
import { runCrash, type CrashOptions } from './run.ts';

const program = 'npm run crash --';

const table = {
  seed: { value: 'N', help: 'chooses who is killed and when, else 1' },
  kills: { value: 'N', help: 'how often, else 200' },
} as const;

const help = helpText(`${program} --`, 'Kills jetpackd and cycle-server again and again, under load, and counts what was lost or doubled.', table);

const mostSeed = 2 ** 32 - 1;
const mostKills = 100_000;

const wholeNumber = (name: string, text: string, from: number, to: number): Result<number> => {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  return value >= from && value <= to ? ok(value) : fail('usage', `${program}: --${name} '${text}' is not a whole number from ${from} to ${to}`);
};

const parseOptions = (argv: readonly string[], env: Environment): Result<CrashOptions | 'help'> => {
  const flags = parseFlags(program, table, argv, env);
  if (!flags.ok) return flags;
  if (flags.value.help === true) return ok('help');
  const seed = wholeNumber('seed', flags.value.seed ?? '1', 0, mostSeed);
  if (!seed.ok) return seed;
  const kills = wholeNumber('kills', flags.value.kills ?? '200', 1, mostKills);
  return kills.ok ? ok({ seed: seed.value, kills: kills.value }) : kills;
};

/** A line of progress after so many kills. */
const everyKills = 20;

await runJudged({
  program,
  help,
  parse: parseOptions,
  async run(options, interrupt, say) {
    let killed = 0;
    say(`seed ${options.seed}: ${options.kills} kills, one server and two nodes on RabbitMQ`);
    const report = await runCrash(options, interrupt, (_, load) => {
      killed += 1;
      if (killed % everyKills === 0) say(`${killed} killed, ${load.logs.length} messages told`);
    });
    for (const line of reportLines(report)) say(line);
    return faults(report);
  },
});
