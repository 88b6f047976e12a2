// Whether a report is small enough for an event: told here and not later, when the spool has taken it and nobody is there to hear.
import { limits } from '../protocol/limits.ts';
import type { SpooledRequest } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';

/** Bytes of an event that what is told may not take: the daemon adds its own place in the trace. */
const reserved = 1024;

/** Fails with `message_too_large`. */
export const fitsEvent = <R extends SpooledRequest>(request: R): Result<R> => {
  const bytes = Buffer.byteLength(JSON.stringify(request));
  const limit = limits.event - reserved;
  return bytes <= limit ? ok(request) : fail('message_too_large', `the message takes ${bytes} bytes: at most ${limit} are allowed`);
};
