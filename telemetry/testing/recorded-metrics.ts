// Metrics read on demand, for tests that assert on them.
import { metrics } from '@opentelemetry/api';
import { DataPointType, MeterProvider, MetricReader, type MetricData } from '@opentelemetry/sdk-metrics';

export interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** A sum, a gauge's value, or what a histogram recorded. */
  readonly value: number | { readonly count: number; readonly sum: number | undefined };
}

export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly unit: string;
  readonly meaning: string;
  readonly buckets: readonly number[] | undefined;
  readonly points: readonly Point[];
}

class Reader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

const read = (data: MetricData): Metric => {
  const { unit, description: meaning } = data.descriptor;
  switch (data.dataPointType) {
    case DataPointType.SUM:
    case DataPointType.GAUGE:
      return { type: data.dataPointType === DataPointType.SUM ? 'counter' : 'gauge', unit, meaning, buckets: undefined, points: data.dataPoints };
    case DataPointType.HISTOGRAM: {
      const points = data.dataPoints.map(({ attributes, value }) => ({ attributes, value: { count: value.count, sum: value.sum } }));
      return { type: 'histogram', unit, meaning, buckets: data.dataPoints[0]?.value.buckets.boundaries, points };
    }
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      throw new Error(`${data.descriptor.name} is an exponential histogram`);
  }
};

/** Records every metric of this test file from now on. The result reads what there is: each metric by its name. */
export const recordMetrics = (): (() => Promise<ReadonlyMap<string, Metric>>) => {
  const reader = new Reader();
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return async () => {
    const { resourceMetrics } = await reader.collect();
    return new Map(resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics).map((data) => [data.descriptor.name, read(data)]));
  };
};
