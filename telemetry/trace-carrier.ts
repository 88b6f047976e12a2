// Trace context where it travels as plain text: AMQP headers and the environment of a process (OpenTelemetry's
// "Environment Variables as Context Propagation Carriers"). Nothing here loads OpenTelemetry, and no propagator has to be
// registered: a program that records nothing still hands a context on whole. Malformed values count as absent.
import { isTraceparent, type TraceContext } from '../protocol/trace.ts';

/** A longer tracestate is dropped, as W3C Trace Context (section 3.3.1.5) allows; the trace itself stays. */
const tracestateLimit = 512;

const contextOf = (traceparent: unknown, tracestate: unknown): TraceContext | undefined => {
  if (typeof traceparent !== 'string' || !isTraceparent(traceparent)) return undefined;
  const kept = typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= tracestateLimit;
  return kept ? { traceparent, tracestate } : { traceparent };
};

/** The context a shell or a job scheduler gave this process: `TRACEPARENT` and `TRACESTATE`. */
export const fromEnvironment = (env: Readonly<Record<string, string | undefined>>): TraceContext | undefined =>
  contextOf(env['TRACEPARENT'], env['TRACESTATE']);

/** The context of a delivery, out of its headers. */
export const extractTrace = (headers: Readonly<Record<string, unknown>>): TraceContext | undefined =>
  contextOf(headers['traceparent'], headers['tracestate']);

/** A copy of the headers that carries this context and no other. */
export const injectTrace = <V>(headers: Readonly<Record<string, V>>, trace: TraceContext | undefined): Record<string, V | string> => {
  const copy: Record<string, V | string> = { ...headers };
  delete copy['traceparent'];
  delete copy['tracestate'];
  if (trace === undefined) return copy;
  copy['traceparent'] = trace.traceparent;
  if (trace.tracestate !== undefined) copy['tracestate'] = trace.tracestate;
  return copy;
};
