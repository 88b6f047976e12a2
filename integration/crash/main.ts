// `npm run crash`: kills the programs of a cluster again and again, under load, and shows what became of the messages.
import { helpText, parseFlags, type Environment } from '../../commands/flags.ts';
import { errors } from '../../protocol/errors.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { faults, reportLines } from './report.ts';
import { runCrash, type CrashOptions } from './run.ts';

const program = 'npm run crash';

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

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${program}: ${line}\n`);

/** Resolves to the exit code. */
const main = async (options: CrashOptions): Promise<number> => {
  const interrupt = new AbortController();
  // The second one ends it at once, with nothing put away.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupt.abort());
  let killed = 0;
  say(`seed ${options.seed}: ${options.kills} kills, one server and two nodes on RabbitMQ`);
  try {
    const report = await runCrash(options, interrupt.signal, (_, load) => {
      killed += 1;
      if (killed % everyKills === 0) say(`${killed} killed, ${load.logs.length} messages told`);
    });
    for (const line of reportLines(report)) say(line);
    const found = faults(report);
    for (const line of found) complain(line);
    return found.length === 0 ? 0 : 1;
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
};

const options = parseOptions(process.argv.slice(2), process.env);
if (!options.ok) {
  process.stderr.write(`${options.error.message}\n`);
  process.exitCode = errors[options.error.code].exit;
} else if (options.value === 'help') process.stdout.write(help);
else {
  // What was interrupted may still wait for something that will not come any more.
  process.exit(await main(options.value));
}
