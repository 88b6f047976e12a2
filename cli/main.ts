// `jetpack`: wires a run to the process.
import { isatty } from 'node:tty';
import { say } from '../commands/line.ts';
import { systemClock } from '../effects/clock.ts';
import { deviceRandom } from '../effects/device-random.ts';
import { run } from '../commands/run.ts';
import { readHandover } from './handover.ts';
import { nodeHost } from './node-host.ts';
import { writeOut } from './write-out.ts';

const writeErr = (text: string): void => void writeOut(2, text);

/** As the machine's clock, without loading what else `performance` can do. */
const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A defect is one line too, unless its stack is asked for. */
const crash = (error: unknown): void => {
  const detail = error instanceof Error ? error.message : String(error);
  if (process.env['JETPACK_DEBUG'] === '1') console.error(error);
  else writeErr(say('jetpack', `a defect: ${detail}; JETPACK_DEBUG=1 shows where (internal)`));
  process.exit(1);
};

process.on('uncaughtException', crash);

/** Whoever read our output. */
const gone = Promise.withResolvers<void>();

/** Whether something of the answer could not be written. */
let failed = false;

const host = nodeHost({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  terminal: () => (isatty(1) ? { output: true, columns: process.stdout.columns } : { output: false, columns: 80 }),
  input: () => process.stdin,
  out(text) {
    const written = writeOut(1, text);
    if (written === 'gone') gone.resolve();
    failed ||= written === 'failed';
  },
  err: writeErr,
  unread: (end) => Promise.race([gone.promise, import('./unread.ts').then(({ unread }) => unread(1, end))]),
  clock: { ...systemClock, monotonic },
  random: deviceRandom(),
  handover: readHandover(process.env),
});
// What was written is out by then, pipes included; a collector that keeps its connection open must not hold up the script.
run(host).then((exitCode) => {
  if (failed) writeErr(say('jetpack', 'standard output cannot be written (file_unwritable)'));
  process.exit(failed ? 1 : exitCode);
}, crash);
