// Holds what programs exported to the tables that docs/TELEMETRY.md is made from.
import { metrics } from '../../telemetry/metric-table.ts';
import { resource, spans, type SpanType } from '../../telemetry/semconv.ts';
import { valuesOf, type ExportedMetric, type ExportedSpan } from '../../telemetry/testing/collector.ts';

const kindNumbers = { INTERNAL: 1, SERVER: 2, PRODUCER: 4, CONSUMER: 5 } as const;

const pattern = (name: string): RegExp => new RegExp(`^${name.replace(/\{\w+\}/, '\\S+')}$`);

/** The entry of the table that a span is of. */
const spanType = ({ name }: Pick<ExportedSpan, 'name'>): SpanType | undefined => {
  const found = Object.entries(spans).find(([, entry]) => pattern(entry.name).test(name));
  // Object.entries forgets what the keys are.
  return found?.[0] as SpanType | undefined;
};

const lacking = (wanted: readonly string[], there: readonly string[]): readonly string[] => wanted.filter((one) => !there.includes(one));

/** A system, and a container above all, may have no `/etc/machine-id`. */
const mayLack: readonly string[] = ['host.id'];

const resourceFlaws = (of: ExportedSpan | ExportedMetric): readonly string[] => {
  const names = Object.keys(of.resource);
  const wanted = Object.keys(resource);
  return [...lacking(wanted, [...names, ...mayLack]).map((one) => `its resource lacks ${one}`), ...lacking(names, wanted).map((one) => `its resource has ${one}`)];
};

/** What differs from the table. */
export const misplaced = (span: ExportedSpan): readonly string[] => {
  const type = spanType(span);
  if (type === undefined) return [`${span.name} is in no table`];
  const entry = spans[type];
  const names = Object.keys(valuesOf(span.attributes));
  const from: readonly (string | undefined)[] = entry.from;
  const flaws = [
    ...(from.includes(span.service) ? [] : [`comes from ${span.service}`]),
    ...(kindNumbers[entry.kind] === span.kind ? [] : [`is of kind ${span.kind}`]),
    ...lacking(entry.attributes, names).map((one) => `lacks ${one}`),
    ...lacking(names, [...entry.attributes, ...entry.optional]).map((one) => `has ${one}`),
    ...(span.status?.code === 2 && !names.includes('error.type') ? ['does not say why it failed'] : []),
    ...resourceFlaws(span),
  ];
  return flaws.map((flaw) => `${span.name} ${flaw}`);
};

/** What differs from the table. */
export const mismeasured = (metric: ExportedMetric): readonly string[] => {
  const entry = Object.entries(metrics).find(([name]) => name === metric.name)?.[1];
  if (entry === undefined) return [`${metric.name} is in no table`];
  const from: readonly (string | undefined)[] = entry.from;
  const names = metric.points.flatMap(({ attributes }) => Object.keys(attributes));
  const flaws = [
    ...(from.includes(metric.service) ? [] : [`comes from ${metric.service}`]),
    ...(entry.type === metric.type ? [] : [`is a ${metric.type}`]),
    ...(entry.unit === metric.unit ? [] : [`is in ${metric.unit}`]),
    ...lacking(names, entry.attributes).map((one) => `has ${one}`),
    ...resourceFlaws(metric),
  ];
  return flaws.map((flaw) => `${metric.name} ${flaw}`);
};

/** Everything in the tables that did not come, each from each program: spans, metrics, and the attributes of metrics. */
export const unseen = (seenSpans: readonly ExportedSpan[], seenMetrics: readonly ExportedMetric[]): readonly string[] => {
  const seen = new Set([
    ...seenSpans.map((span) => `${span.service}: ${spans[spanType(span) ?? 'command'].name}`),
    ...seenMetrics.map(({ name, service }) => `${service}: ${name}`),
    ...seenMetrics.flatMap(({ name, points, service }) => points.flatMap(({ attributes }) => Object.keys(attributes).map((attribute) => `${service}: ${name} by ${attribute}`))),
  ]);
  const wanted = [
    ...Object.values(spans).flatMap(({ from, name }) => from.map((program) => `${program}: ${name}`)),
    ...Object.entries(metrics).flatMap(([name, { attributes, from }]) =>
      from.flatMap((program) => [`${program}: ${name}`, ...attributes.map((attribute) => `${program}: ${name} by ${attribute}`)]),
    ),
  ];
  return wanted.filter((one) => !seen.has(one));
};
