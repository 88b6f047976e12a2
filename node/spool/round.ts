// One round over the spool: every file in order of its name, each removed only once what it says is accepted.
import { lstat, open, readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { errors } from '../../protocol/errors.ts';
import type { SpooledRequest } from '../../protocol/local.ts';
import type { Result } from '../../protocol/result.ts';
import type { HomePaths } from '../home/paths.ts';
import { systemCode } from '../home/system-error.ts';
import { writerOf } from './names.ts';
import { readSpoolFile } from './read.ts';
import { reject } from './rejected.ts';

export interface DrainOptions {
  readonly paths: Pick<HomePaths, 'spool' | 'rejected'>;
  /** Resolves when the request is durable elsewhere, or with why not: a failure that is not retryable rejects the file for good. */
  readonly submit: (request: SpooledRequest) => Promise<Result<unknown>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `accepted` and `removed` are out of the spool, `left` stays, `refused` stays and ends the round so that the order holds. */
type Step = 'accepted' | 'removed' | 'left' | 'refused';

/** A temporary file of a process that is gone is removed when nobody has written to it for so long, milliseconds. */
const abandonedMs = 60_000;

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
};

const removeIfAbandoned = async (file: string, writer: number, now: number): Promise<Step> => {
  const { mtimeMs } = await lstat(file);
  if (now - mtimeMs < abandonedMs || isRunning(writer)) return 'left';
  await unlink(file);
  return 'removed';
};

const takeFile = async ({ paths: { spool, rejected }, submit, clock, logger }: DrainOptions, name: string): Promise<Step> => {
  const target = path.join(spool, name);
  const writer = writerOf(name);
  if (writer !== undefined) return removeIfAbandoned(target, writer, clock.now());

  const setAside = async (reason: string): Promise<Step> => {
    logger.warn('a file in the spool was rejected', { name, reason });
    await reject(spool, rejected, name, reason);
    return 'removed';
  };

  const file = await readSpoolFile(target);
  switch (file.type) {
    case 'gone':
    case 'folder':
      return 'left';
    case 'unreadable':
      return setAside(file.reason);
    case 'request': {
      const outcome = await submit(file.request);
      if (outcome.ok) {
        await unlink(target);
        return 'accepted';
      }
      const { code, message } = outcome.error;
      if (!errors[code].retryable) return setAside(`was refused: ${message} (${code})`);
      logger.debug('the spool waits', { code, reason: message });
      return 'refused';
    }
  }
};

/** Makes removals durable: without it a power cut could bring back what was accepted long ago. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Ends early after the file under way when `stop` aborts. Rejects only when the folder itself cannot be read. */
export const drainRound = async (options: DrainOptions, stop: AbortSignal): Promise<void> => {
  const { paths, logger } = options;
  const counts: Record<Step, number> = { accepted: 0, removed: 0, left: 0, refused: 0 };
  let trouble: string | undefined;
  for (const name of (await readdir(paths.spool)).sort()) {
    if (stop.aborted || counts.refused > 0) break;
    try {
      counts[await takeFile(options, name)] += 1;
    } catch (error) {
      // One file that gives trouble, or that vanished meanwhile, must not hold up the others.
      if (systemCode(error) !== 'ENOENT') trouble ??= `${name}: ${systemCode(error)}`;
    }
  }
  if (counts.accepted + counts.removed > 0) await syncFolder(paths.spool);
  if (counts.accepted > 0) logger.info('messages from the spool were accepted', { count: counts.accepted });
  if (trouble !== undefined) logger.warn('files in the spool could not be handled', { first: trouble });
};
