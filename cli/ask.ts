// A question to the daemon that nothing but the daemon can answer.
import { conclude } from '../commands/conclude.ts';
import { pause, type Clock } from '../effects/clock.ts';
import { homePaths } from '../node/home/paths.ts';
import { findSocketPaths, type SocketPaths } from '../node/home/socket-paths.ts';
import type { LocalReply, LocalRequest } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { callDaemon } from './call-daemon.ts';

export interface Question {
  readonly request: LocalRequest;
  readonly socket: keyof SocketPaths;
  readonly withinMs: number;
  /** So much sooner the daemon's own time is up, default 0. */
  readonly graceMs?: number;
  /** Whether a daemon that is away, or goes away meanwhile, is asked again until the time is up. */
  readonly untilBack: boolean;
  readonly onProgress?: (line: string) => void;
}

/** How soon a daemon that is away is asked again. */
const againMs = 500;

const resultOf = (reply: LocalReply): Result<unknown> => {
  if (reply.ok) return ok(reply.result);
  const conclusion = conclude(reply);
  return conclusion.type === 'failed' ? { ok: false, error: conclusion.failure } : fail('daemon_unreachable', `jetpackd ${conclusion.type === 'later' ? conclusion.reason : ''}`);
};

/** What the daemon answers. Fails with its code, or with `daemon_unreachable`. */
export const ask = async (home: string, { graceMs = 0, onProgress, request, socket, untilBack, withinMs }: Question, clock: Clock): Promise<Result<unknown>> => {
  const end = clock.monotonic() + withinMs;
  const paths = homePaths(home);
  for (;;) {
    const sockets = findSocketPaths(paths);
    const remainingMs = end - clock.monotonic();
    const call = { request, withinMs: remainingMs, graceMs, ...(onProgress === undefined ? {} : { onProgress }) };
    const called = sockets.ok ? await callDaemon(sockets.value[socket], call, clock) : ({ type: 'away', reason: `cannot be found: ${sockets.error.message}` } as const);
    const stopping = called.type === 'answered' && !called.reply.ok && called.reply.code === 'actor_stopped';
    const isAway = called.type === 'away' || stopping;
    if (!isAway || !untilBack || end - clock.monotonic() <= againMs) {
      return called.type === 'answered' ? resultOf(called.reply) : fail('daemon_unreachable', `jetpackd ${called.reason} in ${home}`);
    }
    await pause(clock, againMs);
  }
};
