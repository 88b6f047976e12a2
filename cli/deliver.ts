// A message's way out of the command line: to the daemon, or into the spool while the daemon is away.
import type { Clock } from '../effects/clock.ts';
import { conclude } from '../commands/conclude.ts';
import type { Delivery } from '../commands/host.ts';
import { homePaths } from '../node/home/paths.ts';
import { findSocketPaths } from '../node/home/socket-paths.ts';
import { spoolInstead } from '../node/spool/spool-instead.ts';
import type { SpooledRequest } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { callDaemon } from './call-daemon.ts';

/** How long a daemon that is away or does not answer may hold up a script, milliseconds. */
const patienceMs = 1000;
/** For a daemon that answers again just now, when the front has waited so long already. */
const leastMs = 50;

/**
 * Ends when the message is durable, with the daemon or in the spool, under one id: a message that took both ways is one.
 * Fails with what the daemon answers, or with `home_unusable` or `spool_unwritable` when the spool cannot take it either.
 */
export const deliver = async (home: string, request: SpooledRequest, clock: Clock, waitedMs = 0): Promise<Result<Delivery>> => {
  const paths = homePaths(home);
  const spool = (reason: string): Result<Delivery> => spoolInstead(paths, request, reason);

  const sockets = findSocketPaths(paths);
  if (!sockets.ok) return spool(`cannot be found: ${sockets.error.message}`);
  const called = await callDaemon(sockets.value.cluster, { request, withinMs: Math.max(leastMs, patienceMs - waitedMs) }, clock);
  if (called.type === 'away') return spool(called.reason);
  const conclusion = conclude(called.reply);
  switch (conclusion.type) {
    case 'accepted':
      return ok({ type: 'accepted' });
    case 'later':
      return spool(conclusion.reason);
    case 'failed':
      return fail(conclusion.failure.code, conclusion.failure.message);
  }
};
