// All commands of `jetpack`, run in this process.
import { deviceRandom } from '../effects/device-random.ts';
import { run } from '../commands/run.ts';
import type { Handover } from './handover.ts';
import { nodeHost } from './node-host.ts';
import { crash, end, processClock, terminal, workingFolder, writeErr } from './this-process.ts';
import { writeOut } from './write-out.ts';

/** `handover`: what a front has done already. Ends the process. */
export const runCommands = (handover: Handover | undefined): void => {
  /** Whoever read our output. */
  const gone = Promise.withResolvers<void>();
  /** Whether something of the answer could not be written. */
  let unwritten = false;
  const host = nodeHost({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: workingFolder(),
    terminal,
    input: () => process.stdin,
    out(text) {
      const written = writeOut(1, text);
      if (written === 'gone') gone.resolve();
      unwritten ||= written === 'failed';
    },
    err: writeErr,
    unread: (over) => Promise.race([gone.promise, import('./unread.ts').then(({ unread }) => unread(1, over))]),
    clock: processClock,
    random: deviceRandom(),
    handover,
  });
  // What was written is out by then, pipes included; a collector that keeps its connection open must not hold up the script.
  run(host).then((exitCode) => end(exitCode, unwritten)).catch(crash);
};
