// `npm run chaos`: lets faults strike a whole cluster, under load, and shows what became of messages and commands.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { errors } from '../../protocol/errors.ts';
import { brokersAtHand, kindNamed } from '../broker/at-hand.ts';
import { help, parseChaosOptions, program, type ChaosOptions } from './options.ts';
import { nodes } from './plan.ts';
import { faults, reportLines } from './report.ts';
import { runChaos } from './run.ts';

/** A line of progress after so many faults. */
const everyFaults = 20;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${program}: ${line}\n`);

/** Resolves to the exit code. */
const main = async ({ broker: name, json, minutes, seed }: ChaosOptions): Promise<number> => {
  const interrupt = new AbortController();
  // The second one ends it at once, with nothing put away.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupt.abort());
  const logs = path.join('.state', 'chaos', `seed-${seed}`);
  let struck = 0;
  try {
    const broker = name === undefined ? (await brokersAtHand())[0] : await kindNamed(name);
    if (broker === undefined) throw new Error('no broker to run on');
    say(`seed ${seed}: ${minutes} min of faults, one server and ${nodes.length} nodes on ${broker.title}`);
    const report = await runChaos({ seed, minutes, broker, logs }, interrupt.signal, (_, told) => {
      struck += 1;
      if (struck % everyFaults === 0) say(`${struck} faults, ${told} messages told`);
    });
    for (const line of reportLines(report)) say(line);
    const found = faults(report);
    for (const line of found) complain(line);
    if (found.length > 0) complain(`seed ${seed}; logs are in ${logs}`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ seed, minutes, broker: broker.title, ...report, faults: Object.fromEntries(report.faults), found }, undefined, 2)}\n`);
    return found.length === 0 ? 0 : 1;
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
};

const options = parseChaosOptions(process.argv.slice(2), process.env);
if (!options.ok) {
  process.stderr.write(`${options.error.message}\n`);
  process.exitCode = errors[options.error.code].exit;
} else if (options.value === 'help') process.stdout.write(help);
else {
  // What was interrupted may still wait for something that will not come any more.
  process.exit(await main(options.value));
}
