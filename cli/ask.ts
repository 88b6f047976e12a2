// A question to the daemon that nothing but the daemon can answer.
import { isStopping, resultOf } from '../commands/conclude.ts';
import type { Question } from '../commands/host.ts';
import { pause, type Clock } from '../effects/clock.ts';
import { homePaths } from '../node/home/paths.ts';
import { findSocketPaths } from '../node/home/socket-paths.ts';
import { fail, type Result } from '../protocol/result.ts';
import { callDaemon } from './call-daemon.ts';

/** How soon a daemon that is away is asked again. */
const againMs = 500;

/** Whom each socket is for. */
const answers: Readonly<Record<Question['socket'], string>> = { admin: 'answers that to root and its own user alone', cluster: 'answers root and its group alone' };

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
      return called.type === 'answered' ? resultOf(called.reply) : fail('daemon_unreachable', `jetpackd ${called.reason} in ${home}`);
    }
    await pause(clock, againMs);
  }
};
