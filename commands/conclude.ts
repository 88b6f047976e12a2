// What a daemon's answer means for the command that asked.
import { errors, type ErrorCode } from '../protocol/errors.ts';
import type { LocalReply } from '../protocol/local.ts';
import { fail, ok, type Failure, type Result } from '../protocol/result.ts';

export type Conclusion =
  | { readonly type: 'accepted' }
  /** The daemon cannot take it now and could soon: the spool keeps it until then. `reason` completes "jetpackd …". */
  | { readonly type: 'later'; readonly reason: string }
  | { readonly type: 'failed'; readonly failure: Failure };

/** Failures that pass by themselves. A full or unwritable outbox does not, and whoever asked must know. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['busy', 'timeout', 'daemon_unreachable', 'actor_crashed', 'actor_stopped']);

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(errors, code);

export const conclude = (reply: LocalReply): Conclusion => {
  if (reply.ok) return { type: 'accepted' };
  const { code, message } = reply;
  // A newer daemon may have codes of its own.
  if (!isKnown(code)) return { type: 'failed', failure: { code: 'internal', message: `${message} (${code})` } };
  return passing.has(code) ? { type: 'later', reason: `answers: ${message} (${code})` } : { type: 'failed', failure: { code, message } };
};

/** What a question that only the daemon can answer comes to. */
export const resultOf = (reply: LocalReply): Result<unknown> => {
  if (reply.ok) return ok(reply.result);
  const conclusion = conclude(reply);
  return conclusion.type === 'failed' ? { ok: false, error: conclusion.failure } : fail('daemon_unreachable', `jetpackd ${conclusion.type === 'later' ? conclusion.reason : ''}`);
};

/** Whether the daemon is about to end: another may be there soon. */
export const isStopping = (reply: LocalReply): boolean => !reply.ok && reply.code === 'actor_stopped';
