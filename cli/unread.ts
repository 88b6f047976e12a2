// Whether anybody still reads what is printed, when nothing is: Node cannot wait for that, and `tail -f` does (GNU coreutils from
// 8.28 on). Another `tail` does not say it; then the next text that is printed tells.
import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';

/** Resolves when the last reader of a pipe has gone; never for anything but a pipe, and never once `end` says so. */
export const unread = (descriptor: number, end: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (end.aborted || !fstatSync(descriptor).isFIFO()) return;
    // It ends with this process, however that ends.
    const tail = spawn('tail', ['-f', `--pid=${process.pid}`, '/dev/null'], { stdio: ['ignore', descriptor, 'ignore'] });
    tail.on('error', () => undefined);
    tail.on('exit', (_code, killedBy) => {
      if (killedBy === 'SIGPIPE') resolve();
    });
    end.addEventListener('abort', () => void tail.kill(), { once: true });
  });
