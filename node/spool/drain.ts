// Hands what waits in the spool to the daemon, oldest first. Accepted and not yet removed is the one thing that a crash
// repeats: the request then comes again under its id, which the outbox knows.
//
//   idle      waits for a change in the folder, or for the next look by the clock, should a change go unnoticed
//   draining  a round over the folder; a change meanwhile starts another. A request that is refused for now ends the
//             round and is tried again at the next
//   closed    ends after the request that is under way
//
// It never follows a link, never reads what is not a plain file, and never lets one bad file hold up the others.
import { watch, type FSWatcher } from 'node:fs';
import { systemCode } from '../home/system-error.ts';
import { drainRound, type DrainOptions } from './round.ts';

export interface SpoolDrain {
  /** Submits nothing more; resolves when what is under way has ended. */
  close(): Promise<void>;
}

/** How often the folder is looked at when nothing was noticed, milliseconds. */
const lookEveryMs = 5000;

export const drainSpool = (options: DrainOptions): SpoolDrain => {
  const { paths, clock, logger } = options;
  const stop = new AbortController();
  let wanted = false;
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    while (wanted && !stop.signal.aborted) {
      wanted = false;
      try {
        await drainRound(options, stop.signal);
      } catch (error) {
        logger.warn('the spool could not be read', { folder: paths.spool, reason: systemCode(error) });
      }
    }
    running = undefined;
  };

  const wake = (): void => {
    wanted = true;
    running ??= run();
  };

  const look = (): void => {
    wake();
    cancelLook = clock.after(lookEveryMs, look);
  };

  const unwatched = (error: unknown): void => logger.warn('changes in the spool go unnoticed, it is only looked at', { reason: systemCode(error) });
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(paths.spool, wake);
    watcher.on('error', unwatched);
  } catch (error) {
    unwatched(error);
  }
  let cancelLook = clock.after(lookEveryMs, look);
  wake();

  return {
    async close() {
      stop.abort();
      watcher?.close();
      cancelLook();
      await running;
    },
  };
};
