// The local sockets of a daemon: the port through which its gateway hears the command line.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { KeptTree } from '../config/kept-tree.ts';
import type { SocketPaths } from '../home/socket-paths.ts';
import { frontFull, FrontConnection } from '../front/connection.ts';
import { Connection } from './connection.ts';
import { Door, type DoorOptions } from './door.ts';
import { localLimits, type LocalLimits } from './limits.ts';
import { SharedMemory } from './memory.ts';
import { encodeReply, refusal } from './replies.ts';
import type { HandleRequest } from './requests.ts';
import type { SocketName } from './verbs.ts';

export interface ListenOptions {
  readonly paths: SocketPaths;
  /** Whose commands the front may have run here. */
  readonly home: string;
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

/** Permissions taken from 0777: what any cluster user may ask for becomes 0660, what only the daemon's own user may 0600. */
const umasks: Readonly<Record<SocketName, number>> = { cluster: 0o117, admin: 0o177 };

const full = encodeReply(refusal('busy', 'the daemon serves as many clients as it may: try again'));

/** How often connections are checked for having used up their time, milliseconds. */
const checkEveryMs = 1000;

/**
 * Listens on all sockets, made with their final permissions and in place of what a dead daemon left. The caller holds the
 * home's lock. Fails with `home_unusable` or `already_running`.
 */
export const listenLocal = async ({ paths, home, handle, limits = localLimits, clock, logger }: ListenOptions): Promise<Result<LocalListener>> => {
  const context = { handle, limits, clock, logger, memory: new SharedMemory(limits.sharedMemory) };
  const front = { ...context, home, config: new KeptTree(home, clock), door: paths.front };
  const door = (socket: SocketName, { admit, full }: Pick<DoorOptions, 'admit' | 'full'>): Door =>
    new Door({ umask: umasks[socket], connections: limits.connections, full, logger, admit });
  const lines = (socket: SocketName): Door => door(socket, { admit: (client) => new Connection(client, { socket }, context), full });
  const fronts = (socket: SocketName): Door => door(socket, { admit: (client) => new FrontConnection(client, { socket }, front), full: frontFull });
  const places = [
    [lines('cluster'), paths.cluster],
    [lines('admin'), paths.admin],
    [fronts('cluster'), paths.front],
    [fronts('admin'), paths.frontAdmin],
  ] as const;
  const doors = places.map(([each]) => each);

  for (const [door, path] of places) {
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
