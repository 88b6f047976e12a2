// Whether messaging can take an event: looked at before it is kept with a change of the node's state. From there it comes to
// messaging only when it is durable and answered, and one that is too large would have to be given up.
import { encodeEvent } from '../../../protocol/codec.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { ReportedEvent } from './accept.ts';

/** Its place in a trace is added later; this is the most room that takes: a quote is two bytes in JSON. */
const widestTrace = { traceparent: '0'.repeat(55), tracestate: '"'.repeat(512) };

/** Fails with `message_too_large`. */
export const fitsOutbox = (event: ReportedEvent): Result<void> => {
  const encoded = encodeEvent({ ...event, trace: widestTrace });
  return encoded.ok ? ok(undefined) : encoded;
};
