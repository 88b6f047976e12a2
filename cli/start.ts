// `jetpack` in Node, as a process: asks the daemon to run the command, as the front does; what is left is run here. Only then are the
// commands loaded, which is most of what a call takes beside the start of Node.
import { deviceRandom } from '../effects/device-random.ts';
import { tryFront } from './front/try-front.ts';
import { crash, end, processClock, terminal, workingFolder } from './this-process.ts';
import { writeOut } from './write-out.ts';

process.on('uncaughtException', crash);

const start = async (): Promise<void> => {
  const { argv, env } = process;
  const tried = await tryFront({ argv: argv.slice(2), env, cwd: workingFolder(), terminal, clock: processClock, random: deviceRandom() });
  switch (tried.type) {
    case 'done':
      return end(tried.exit, tried.printed.map(({ bytes, to }) => writeOut(to, bytes) === 'failed' && to === 1).includes(true));
    case 'left':
      return (await import('./main.ts')).runCommands(tried.handover);
  }
};

start().catch(crash);
