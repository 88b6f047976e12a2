// `npm run chaos`: lets faults strike a whole cluster, under load, and shows what became of messages and commands.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { brokersAtHand, kindNamed } from '../broker/at-hand.ts';
import { runJudged } from '../cluster/judged-run.ts';
import { help, parseChaosOptions, program } from './options.ts';
import { nodes } from './plan.ts';
import { faults, reportLines } from './report.ts';
import { runChaos } from './run.ts';

/** A line of progress after so many faults. */
const everyFaults = 20;

await runJudged({
  program,
  help,
  parse: parseChaosOptions,
  async run({ broker: name, json, minutes, seed }, interrupt, say) {
    const logs = path.join('.state', 'chaos', `seed-${seed}`);
    const broker = name === undefined ? (await brokersAtHand())[0] : await kindNamed(name);
    if (broker === undefined) throw new Error('no broker to run on');
    say(`seed ${seed}: ${minutes} min of faults, one server and ${nodes.length} nodes on ${broker.title}`);
    let struck = 0;
    const report = await runChaos({ seed, minutes, broker, logs }, interrupt, (_, told) => {
      struck += 1;
      if (struck % everyFaults === 0) say(`${struck} faults, ${told} messages told`);
    });
    for (const line of reportLines(report)) say(line);
    const found = faults(report);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ seed, minutes, broker: broker.title, ...report, faults: Object.fromEntries(report.faults), found }, undefined, 2)}\n`);
    return found.length === 0 ? [] : [...found, `seed ${seed}; logs are in ${logs}`];
  },
});
