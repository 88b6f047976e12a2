// A question to the daemon that nothing but the daemon can answer.
import { isStopping, resultOf } from '../commands/conclude.ts';
import type { Question } from '../commands/host.ts';
import { pause, type Clock } from '../effects/clock.ts';
import { lockHolder } from '../node/home/lock-holder.ts';
import { homePaths, type HomePaths } from '../node/home/paths.ts';
import { findSocketPaths } from '../node/home/socket-paths.ts';
import { fail, type Result } from '../protocol/result.ts';
import { callDaemon, notRunning } from './call-daemon.ts';

/** How soon a daemon that is away is asked again. */
const againMs = 500;

/** Whom each socket is for. */
const answers: Readonly<Record<Question['socket'], string>> = { admin: 'answers that to root and its own user alone', cluster: 'answers root and its group alone' };

/** A daemon that has its home and gives no answer is not away: whoever asked can look at its process. */
const unreachable = (reason: string, { home, lock }: HomePaths): Result<never> => {
  const pid = lockHolder(lock);
  if (pid === undefined) return fail('daemon_unreachable', `jetpackd ${reason} in ${home}`);
  return fail('daemon_unreachable', `jetpackd is running in ${home} (pid ${pid}), but it ${reason === notRunning ? 'takes no requests' : reason}`);
};

/** What the daemon answers. Fails with its code, with `forbidden` when the socket is closed to this user, or with `daemon_unreachable`. */
export const ask = async (home: string, { graceMs = 0, onProgress, request, socket, untilBack, withinMs }: Question, clock: Clock): Promise<Result<unknown>> => {
  const end = clock.monotonic() + withinMs;
  const paths = homePaths(home);
  for (;;) {
    const sockets = findSocketPaths(paths);
    const remainingMs = end - clock.monotonic();
    const call = { request, withinMs: remainingMs, graceMs, ...(onProgress === undefined ? {} : { onProgress }) };
    const called = sockets.ok ? await callDaemon(sockets.value[socket], call, clock) : ({ type: 'away', reason: `cannot be found: ${sockets.error.message}` } as const);
    if (called.type === 'away' && called.closed === true) return fail('forbidden', `jetpackd in ${home} ${answers[socket]}`);
    const isAway = called.type === 'away' || isStopping(called.reply);
    if (!isAway || !untilBack || end - clock.monotonic() <= againMs) {
      return called.type === 'answered' ? resultOf(called.reply) : unreachable(called.reason, paths);
    }
    await pause(clock, againMs);
  }
};
