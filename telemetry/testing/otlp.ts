// The part of OTLP that tests look at, out of either encoding: JSON, or protobuf, which the SDK sends by default.
import { readMessage, type Fields } from './protobuf.ts';

export interface Value {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  /** Text in the JSON of some exporters. */
  readonly intValue?: number | string;
  readonly doubleValue?: number;
}

export interface Attribute {
  readonly key: string;
  readonly value: Value;
}

export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}

export interface RawSpan extends SpanPlace {
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly parentSpanId?: string;
  readonly links?: readonly SpanPlace[];
  readonly attributes: readonly Attribute[];
  /** 2 error. */
  readonly status?: { readonly code?: number };
}

interface Point {
  readonly attributes?: readonly Attribute[];
  readonly asDouble?: number;
  readonly asInt?: number | string;
  readonly count?: number | string;
}

interface Points {
  readonly dataPoints?: readonly Point[];
}

export interface RawMetric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: Points;
  readonly sum?: Points;
  readonly histogram?: Points;
}

interface Resource {
  readonly attributes: readonly Attribute[];
}

export interface Body {
  readonly resourceSpans?: ReadonlyArray<{ readonly resource: Resource; readonly scopeSpans: ReadonlyArray<{ readonly spans: readonly RawSpan[] }> }>;
  readonly resourceMetrics?: ReadonlyArray<{ readonly resource: Resource; readonly scopeMetrics: ReadonlyArray<{ readonly metrics: readonly RawMetric[] }> }>;
}

/** Numbers of fields, as in opentelemetry-proto 1.x; what is left out is passed over. */
const value: Fields = { 1: { name: 'stringValue', type: 'text' }, 2: { name: 'boolValue', type: 'flag' }, 3: { name: 'intValue', type: 'varint' }, 4: { name: 'doubleValue', type: 'double' } };
const attributes = { name: 'attributes', many: true, type: { 1: { name: 'key', type: 'text' }, 2: { name: 'value', type: value } } } as const;
const resource = { name: 'resource', type: { 1: attributes } } as const;
const traceId = { name: 'traceId', type: 'hex' } as const;
const spanId = { name: 'spanId', type: 'hex' } as const;

const span: Fields = {
  1: traceId,
  2: spanId,
  4: { name: 'parentSpanId', type: 'hex' },
  5: { name: 'name', type: 'text' },
  6: { name: 'kind', type: 'varint' },
  9: attributes,
  13: { name: 'links', many: true, type: { 1: traceId, 2: spanId } },
  15: { name: 'status', type: { 3: { name: 'code', type: 'varint' } } },
};

const points = (name: string, fields: Fields) => ({ name, type: { 1: { name: 'dataPoints', many: true, type: fields } } }) as const;
const numbers: Fields = { 4: { name: 'asDouble', type: 'double' }, 6: { name: 'asInt', type: 'fixed64' }, 7: attributes };
const counts: Fields = { 4: { name: 'count', type: 'fixed64' }, 9: attributes };

const metric: Fields = {
  1: { name: 'name', type: 'text' },
  3: { name: 'unit', type: 'text' },
  5: points('gauge', numbers),
  7: points('sum', numbers),
  9: points('histogram', counts),
};

const scopes = (name: string, inner: string, fields: Fields) => ({ name, many: true, type: { 2: { name: inner, many: true, type: fields } } }) as const;

const bodies: Readonly<Record<string, Fields>> = {
  traces: { 1: { name: 'resourceSpans', many: true, type: { 1: resource, 2: scopes('scopeSpans', 'spans', span) } } },
  metrics: { 1: { name: 'resourceMetrics', many: true, type: { 1: resource, 2: scopes('scopeMetrics', 'metrics', metric) } } },
};

/** `signal` is the last part of the path that it was posted to. */
export const readOtlp = (signal: string, contentType: string | undefined, bytes: Buffer): Body => {
  // As the exporter writes it.
  if (contentType === 'application/json') return JSON.parse(bytes.toString('utf8')) as Body;
  const fields = bodies[signal];
  if (fields === undefined) throw new Error(`there is no signal ${signal}`);
  return readMessage(bytes, fields);
};
