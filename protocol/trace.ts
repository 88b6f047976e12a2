// Trace context as it crosses a boundary: W3C Trace Context, level 1. Malformed values are ignored, never an error.
import * as z from 'zod';

const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Printable ASCII, and as much of it as W3C (section 3.3.1.5) asks every system to pass on. */
const tracestatePattern = /^[\u0020-\u007e]{1,512}$/;

export const isTraceparent = (text: string): boolean => traceparentPattern.test(text);

export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/**
 * A trace context on the wire. What does not parse becomes absent: a bad trace never costs the message, and a bad
 * tracestate never costs the traceparent (W3C, section 3.3).
 */
export const traceContext = z
  .object({
    traceparent: z.string().regex(traceparentPattern),
    // oxlint-disable-next-line unicorn/no-useless-undefined -- zod wants the fallback spelled out
    tracestate: z.string().regex(tracestatePattern).optional().catch(undefined),
  })
  .optional()
  // oxlint-disable-next-line unicorn/no-useless-undefined -- as above
  .catch(undefined)
  .describe('W3C trace context; absent when malformed');
