// Spans kept in memory, for tests that assert on traces.
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';

export type RecordedSpan = ReadableSpan;

export interface RecordedSpans {
  /** Ended spans of this name, in the order they ended; all of them without a name. */
  named(name?: string): ReadableSpan[];
  reset(): void;
}

/** Records every span of this test file from now on. The API takes one provider for the life of a file. */
export const recordSpans = (): RecordedSpans => {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  return {
    named: (name) => exporter.getFinishedSpans().filter((span) => name === undefined || span.name === name),
    reset: () => exporter.reset(),
  };
};
