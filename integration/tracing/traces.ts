// What suites of traces begin with: a collector that all programs of a cluster export to, and the spans of one trace.
import { expect } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { valuesOf, type Collector, type ExportedSpan } from '../../telemetry/testing/collector.ts';
import { misplaced } from './documented.ts';

/** Two cores may have much other work. */
export const patientMs = 60_000;

/** The numbers of OTLP. */
export const kinds = { internal: 1, server: 2, producer: 4, consumer: 5 } as const;

/** For every program of a cluster: exports spans soon, and metrics twice a second. */
export const exportingTo = (collector: Collector): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_METRIC_EXPORT_INTERVAL: '500',
  OTEL_METRIC_EXPORT_TIMEOUT: '500',
});

export interface Shell {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
  /** For a command that is run in it. */
  readonly env: Readonly<Record<string, string>>;
  /** What its trace has so far of a name. Under load a message may come again: what is a duplicate is left out. */
  readonly found: (name: string) => readonly ExportedSpan[];
  /** The same once there are so many: no more, and each as documented. */
  readonly spans: (name: string, count: number) => Promise<readonly ExportedSpan[]>;
  /** The only one. */
  readonly span: (name: string) => Promise<ExportedSpan>;
}

/** A shell that is in a trace of its own, told apart by a digit. */
export const shellOf = (collector: Collector, digit: string): Shell => {
  const [traceId, spanId] = [digit.repeat(32), digit.repeat(16)];
  const traceparent = `00-${traceId}-${spanId}-01`;
  const found = (name: string): readonly ExportedSpan[] =>
    collector.spans().filter((span) => span.traceId === traceId && span.name === name && valuesOf(span.attributes)['jetpack.duplicate'] !== true);
  const spans = async (name: string, count: number): Promise<readonly ExportedSpan[]> => {
    const all = await waitFor(`${count} of the span '${name}'`, () => found(name).length >= count && found(name), patientMs);
    expect(all).toHaveLength(count);
    expect(all.flatMap(misplaced)).toEqual([]);
    return all;
  };
  return {
    traceId,
    spanId,
    traceparent,
    env: { ...exportingTo(collector), TRACEPARENT: traceparent },
    found,
    spans,
    async span(name) {
      const [only] = await spans(name, 1);
      if (only === undefined) throw new Error(`there is no span '${name}'`);
      return only;
    },
  };
};

/** The publish that brought what this span handled: the one it links to. */
export const publishOf = (collector: Collector, handled: ExportedSpan): Promise<ExportedSpan> =>
  waitFor(
    'the linked publish',
    () => {
      expect(handled.links).toHaveLength(1);
      const found = collector.spans().find(({ spanId, traceId }) => spanId === handled.links?.[0]?.spanId && traceId === handled.links[0].traceId);
      if (found !== undefined) expect(misplaced(found)).toEqual([]);
      return found;
    },
    patientMs,
  );
