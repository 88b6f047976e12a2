// Between the trace context of our protocol and the types of OpenTelemetry's API. Only what `isTraceparent` accepted comes
// in here, so slicing by position is safe.
import { context, isSpanContextValid, ROOT_CONTEXT, trace as api, type Context, type SpanContext, type TraceState } from '@opentelemetry/api';
import type { TraceContext } from '../protocol/trace.ts';

/** Vendors' entries, handed on exactly as they came: nothing here reads or changes them. */
const opaqueState = (text: string): TraceState => {
  const state: TraceState = { get: () => undefined, set: () => state, unset: () => state, serialize: () => text };
  return state;
};

export const toSpanContext = ({ traceparent, tracestate }: TraceContext): SpanContext => ({
  traceId: traceparent.slice(3, 35),
  spanId: traceparent.slice(36, 52),
  traceFlags: Number.parseInt(traceparent.slice(53), 16),
  isRemote: true,
  ...(tracestate === undefined ? {} : { traceState: opaqueState(tracestate) }),
});

export const fromSpanContext = ({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext => {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  const tracestate = traceState?.serialize();
  return tracestate === undefined || tracestate === '' ? { traceparent } : { traceparent, tracestate };
};

/** A context that holds this trace and nothing else; without one, the empty context. */
export const toContext = (trace: TraceContext | undefined): Context =>
  trace === undefined ? ROOT_CONTEXT : api.setSpanContext(ROOT_CONTEXT, toSpanContext(trace));

/** The trace that is being worked in, for log lines. */
export const activeSpanContext = (): SpanContext | undefined => {
  const active = api.getSpanContext(context.active());
  return active !== undefined && isSpanContextValid(active) ? active : undefined;
};

/**
 * Runs in this trace, or in none when it is undefined: what was entered before never leaks into work that brought no
 * trace of its own (a mailbox runs one message in the asynchronous context of another).
 */
export const inTrace = <T>(trace: TraceContext | undefined, run: () => T): T => {
  if (trace === undefined && context.active() === ROOT_CONTEXT) return run();
  return context.with(toContext(trace), run);
};
