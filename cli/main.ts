// `jetpack`: wires a run to the process.
import { isatty } from 'node:tty';
import { say } from '../commands/line.ts';
import { systemClock } from '../effects/clock.ts';
import { systemRandom } from '../effects/random.ts';
import { run } from '../commands/run.ts';
import { readHandover } from './handover.ts';
import { nodeHost } from './node-host.ts';

/** A defect is one line too, unless its stack is asked for. */
const crash = (error: unknown): void => {
  const detail = error instanceof Error ? error.message : String(error);
  if (process.env['JETPACK_DEBUG'] === '1') console.error(error);
  else process.stderr.write(say('jetpack', `a defect: ${detail}; JETPACK_DEBUG=1 shows where (internal)`));
  process.exit(1);
};

/** Whoever read our output has gone: there is nobody left to tell. */
const ignore = (): void => undefined;

process.on('uncaughtException', crash);
process.stderr.on('error', ignore);

const host = nodeHost({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  // The stream is opened only when there is something to write.
  terminal: isatty(1) ? { output: true, columns: process.stdout.columns } : { output: false, columns: 80 },
  input: () => process.stdin,
  out(text) {
    // Once, and only when there is something to write: a command that prints nothing need not open the stream.
    if (process.stdout.listenerCount('error', ignore) === 0) process.stdout.on('error', ignore);
    process.stdout.write(text);
  },
  err: (text) => void process.stderr.write(text),
  clock: systemClock,
  random: systemRandom,
  handover: readHandover(process.env),
});
const exitCode = await run(host);
// What was written is out by now, pipes included; a collector that keeps its connection open must not hold up the script.
process.exit(exitCode);
