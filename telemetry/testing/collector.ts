// A collector on a port of the loopback interface, or of another: keeps what is exported to it as OTLP over HTTP, in JSON or protobuf.
import http from 'node:http';
import { readOtlp, type Attribute, type Body, type RawMetric, type RawSpan, type Value } from './otlp.ts';

export type Values = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ExportedSpan extends RawSpan {
  /** `service.name` of the program that exported it. */
  readonly service: string | undefined;
  /** Of that program. */
  readonly resource: Values;
}

export interface ExportedPoint {
  readonly attributes: Values;
  /** What was counted or measured; of a histogram, how often something was recorded. */
  readonly value: number;
}

export interface ExportedMetric {
  readonly name: string;
  readonly unit: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly service: string | undefined;
  readonly resource: Values;
  readonly points: readonly ExportedPoint[];
}

export interface Collector {
  readonly endpoint: string;
  /** `POST /v1/traces` and the like, in the order they came. */
  readonly requests: string[];
  /** The content types of those. */
  readonly contentTypes: Set<string | undefined>;
  spans(): ExportedSpan[];
  /** Of everything that was exported, together. */
  resource(): Values;
  /** Every export of every metric, in the order they came. */
  metrics(): ExportedMetric[];
  close(): Promise<void>;
}

const plain = ({ boolValue, doubleValue, intValue, stringValue }: Value): string | number | boolean | undefined =>
  stringValue ?? boolValue ?? doubleValue ?? (intValue === undefined ? undefined : Number(intValue));

export const valuesOf = (attributes: readonly Attribute[] = []): Values => Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));

const serviceOf = (resource: Values): string | undefined => (typeof resource['service.name'] === 'string' ? resource['service.name'] : undefined);

const measuredOf = ({ gauge, histogram, name, sum, unit = '' }: RawMetric): Omit<ExportedMetric, 'service' | 'resource'> => ({
  name,
  unit,
  type: sum !== undefined ? 'counter' : gauge !== undefined ? 'gauge' : 'histogram',
  points: ((sum ?? gauge ?? histogram)?.dataPoints ?? []).map(({ asDouble, asInt, attributes, count }) => ({ attributes: valuesOf(attributes), value: Number(asDouble ?? asInt ?? count) })),
});

/** `status` is what it answers; without one it never answers. */
export const startCollector = async (status: number | undefined, host = '127.0.0.1'): Promise<Collector> => {
  const requests: string[] = [];
  const contentTypes = new Set<string | undefined>();
  const bodies: Body[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const contentType = request.headers['content-type'];
      requests.push(`${request.method} ${request.url}`);
      contentTypes.add(contentType);
      bodies.push(readOtlp(request.url?.split('/').at(-1) ?? '', contentType, Buffer.concat(chunks)));
      // An empty message, in either encoding.
      if (status !== undefined) response.writeHead(status, { 'content-type': contentType }).end(contentType === 'application/json' ? '{}' : '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const traces = (): NonNullable<Body['resourceSpans']> => bodies.flatMap((body) => body.resourceSpans ?? []);
  const measured = (): NonNullable<Body['resourceMetrics']> => bodies.flatMap((body) => body.resourceMetrics ?? []);
  return {
    endpoint: `http://${host}:${port}`,
    requests,
    contentTypes,
    spans: () =>
      traces().flatMap(({ resource: { attributes }, scopeSpans }) => {
        const resource = valuesOf(attributes);
        return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, resource, service: serviceOf(resource) })));
      }),
    resource: () => Object.assign({}, ...[...traces(), ...measured()].map(({ resource }) => valuesOf(resource.attributes))) as Values,
    metrics: () =>
      measured().flatMap(({ resource: { attributes }, scopeMetrics }) => {
        const resource = valuesOf(attributes);
        return scopeMetrics.flatMap(({ metrics }) => metrics.map((metric) => ({ ...measuredOf(metric), resource, service: serviceOf(resource) })));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
