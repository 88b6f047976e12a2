// The two verbs for spans: `startSpan` for one that ends elsewhere (a publish ends at its confirm), `withSpan` for one
// that lasts as long as a function.
//
// Parents are always named, never taken from the surroundings: actors interleave. While no SDK is registered a span
// records nothing and its handle carries the parent's context on unchanged, so a trace crosses this program unbroken.
import { types } from 'node:util';
import { ProxyTracerProvider, SpanKind, SpanStatusCode, trace as api, type Tracer } from '@opentelemetry/api';
import type { TraceContext } from '../protocol/trace.ts';
import type { AttributeName } from './semconv.ts';
import { fromSpanContext, inTrace, toContext, toSpanContext } from './span-context.ts';

export type AttributeValue = string | number | boolean;

/** A span to be started; `spans.ts` makes them. */
export interface SpanSpec {
  readonly name: string;
  readonly kind: keyof typeof SpanKind;
  /** Undefined begins a new trace. */
  readonly parent: TraceContext | undefined;
  readonly links: readonly TraceContext[];
  /** Those that are undefined are left out. */
  readonly attributes: Readonly<Partial<Record<AttributeName, AttributeValue | undefined>>>;
}

export interface SpanHandle {
  /** What to hand on: the span's own context, or its parent's while nothing is recorded. */
  readonly trace: TraceContext | undefined;
  setAttribute(name: AttributeName, value: AttributeValue): void;
  /** Marks the span failed, with an error code or the class of an exception. */
  fail(code: string): void;
  end(): void;
}

/** The SDK's tracer, if one is registered. Asked each time: an SDK may be registered after this module was loaded. */
const registeredTracer = (): Tracer | undefined => {
  const provider = api.getTracerProvider();
  return provider instanceof ProxyTracerProvider ? provider.getDelegateTracer('jetpack') : provider.getTracer('jetpack');
};

const nothing = (): void => undefined;

export const startSpan = ({ name, kind, parent, links, attributes }: SpanSpec): SpanHandle => {
  const tracer = registeredTracer();
  if (tracer === undefined) return { trace: parent, setAttribute: nothing, fail: nothing, end: nothing };
  const span = tracer.startSpan(
    name,
    { kind: SpanKind[kind], attributes, links: links.map((link) => ({ context: toSpanContext(link) })) },
    toContext(parent),
  );
  return {
    trace: fromSpanContext(span.spanContext()),
    setAttribute: (attribute, value) => void span.setAttribute(attribute, value),
    fail(code) {
      span.setAttribute('error.type' satisfies AttributeName, code);
      span.setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
};

const classOf = (error: unknown): string => {
  if (!types.isNativeError(error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
};

/** Runs in the span's trace, and ends the span when the function returns or its promise settles. An exception fails the span. */
export const withSpan = <T>(spec: SpanSpec, run: (span: SpanHandle) => T): T => {
  const span = startSpan(spec);
  const crash = (error: unknown): void => {
    span.fail(classOf(error));
    span.end();
  };
  let result: T;
  try {
    result = inTrace(span.trace, () => run(span));
  } catch (error) {
    crash(error);
    throw error;
  }
  if (types.isPromise(result)) result.then(() => span.end(), crash);
  else span.end();
  return result;
};
