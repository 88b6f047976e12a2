// The local sockets of a daemon: the port through which its gateway hears the command line.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { SocketPaths } from '../home/socket-paths.ts';
import { Door } from './door.ts';
import { localLimits, type LocalLimits } from './limits.ts';
import { SharedMemory } from './memory.ts';
import type { HandleRequest } from './requests.ts';

export interface ListenOptions {
  readonly paths: SocketPaths;
  readonly handle: HandleRequest;
  /** Default `localLimits`. */
  readonly limits?: LocalLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LocalListener {
  /** Takes no more connections and requests, answers those in flight, then closes. As long as the handler takes. */
  drain(): Promise<void>;
  /** Ends at once: requests in flight get no answer. Resolves when every connection is closed and the sockets are gone. */
  close(): Promise<void>;
}

/** How often connections are checked for having used up their time, milliseconds. */
const checkEveryMs = 1000;

/**
 * Listens on both sockets, made with their final permissions and in place of what a dead daemon left. The caller holds the
 * home's lock. Fails with `home_unusable` or `already_running`.
 */
export const listenLocal = async ({ paths, handle, limits = localLimits, clock, logger }: ListenOptions): Promise<Result<LocalListener>> => {
  const context = { handle, limits, clock, logger, memory: new SharedMemory(limits.sharedMemory) };
  const cluster = new Door('cluster', context);
  const admin = new Door('admin', context);
  const doors = [cluster, admin];

  for (const [door, path] of [[cluster, paths.cluster], [admin, paths.admin]] as const) {
    const opened = await door.open(path);
    if (!opened.ok) {
      await Promise.all(doors.map((each) => each.close()));
      return opened;
    }
  }

  const check = (): void => {
    for (const door of doors) door.checkTime(clock.monotonic());
    cancel = clock.after(checkEveryMs, check);
  };
  let cancel = clock.after(checkEveryMs, check);

  const shut = async (how: (door: Door) => Promise<void>): Promise<void> => {
    await Promise.all(doors.map(how));
    cancel();
  };
  return ok({ drain: () => shut((door) => door.drain()), close: () => shut((door) => door.close()) });
};
