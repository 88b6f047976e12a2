// Run under a limit on the size of files: fills a log until the system refuses to write, makes room, and writes on.
import { existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { ManualClock } from '../../effects/manual-clock.ts';
import { LogFile } from '../log-file.ts';
import { until } from './until.ts';

const [, , file = ''] = process.argv;
const clock = new ManualClock();
const problems: string[] = [];
const log = new LogFile({ path: file, clock, onProblem: (reason) => problems.push(reason) });

let number = 0;
while (problems.length === 0) {
  const line = `${String((number += 1)).padEnd(100)}\n`;
  log.write(line);
  await until(() => problems.length > 0 || (existsSync(file) && statSync(file).size === number * line.length));
}
const full = readFileSync(file, 'utf8');
truncateSync(file);
await clock.advance(1000);
log.write('room again\n');
await log.close();
process.stdout.write(JSON.stringify({ problems, number, full, left: readFileSync(file, 'utf8') }));
