// Trace context as it crosses a boundary: W3C Trace Context, level 1. Malformed values are ignored, never an error.
import { z } from 'zod';

const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

export const isTraceparent = (text: string): boolean => traceparentPattern.test(text);

export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** A trace context on the wire. What does not parse becomes absent: a bad trace never costs the message. */
export const traceContext = z
  .object({ traceparent: z.string().regex(traceparentPattern), tracestate: z.string().max(512).optional() })
  .optional()
  // oxlint-disable-next-line unicorn/no-useless-undefined -- zod wants the fallback spelled out
  .catch(undefined);
