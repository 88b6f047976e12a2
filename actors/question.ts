// An ask from the moment it is sent until it ends, which it does exactly once: answered, refused (the mailbox was full, the
// actor crashed or stopped) or timed out. What comes after that, a second answer or a late one, does nothing.
import type { Clock } from '../effects/clock.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { fail, ok } from '../protocol/result.ts';
import type { AskResult, Reply } from './ref.ts';

/** A question as the runtime sees it, whatever its answer's type. */
export interface Question {
  readonly open: boolean;
  /** Ends the ask without an answer, if it is still open. */
  refuse(code: ErrorCode, message: string): void;
  /** Called when the ask ends. */
  onEnd: (() => void) | undefined;
}

export interface Asked<R> {
  readonly question: Question;
  readonly reply: Reply<R>;
  readonly result: Promise<AskResult<R>>;
}

export const askOf = <R>(clock: Clock, path: string, timeoutMs: number): Asked<R> => {
  const { promise, resolve } = Promise.withResolvers<AskResult<R>>();
  let open = true;
  const end = (result: AskResult<R>): void => {
    if (!open) return;
    open = false;
    cancel();
    question.onEnd?.();
    resolve(result);
  };
  const cancel = clock.after(timeoutMs, () => end(fail('timeout', `${path} did not answer within ${timeoutMs} ms`)));
  const question: Question = {
    get open() {
      return open;
    },
    refuse: (code, message) => end(fail(code, message)),
    onEnd: undefined,
  };
  return { question, reply: (answer) => end(ok(answer)), result: promise };
};
