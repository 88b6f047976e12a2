// A collector on a loopback port: keeps what is exported to it as OTLP in JSON.
import http from 'node:http';

/** The part of OTLP that tests look at. */
interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}

interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}

interface RawSpan extends SpanPlace {
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly parentSpanId?: string;
  readonly links?: readonly SpanPlace[];
  readonly attributes: readonly Attribute[];
}

export interface ExportedSpan extends RawSpan {
  /** `service.name` of the program that exported it. */
  readonly service: string | undefined;
}

interface Body {
  readonly resourceSpans?: ReadonlyArray<{ readonly resource: { readonly attributes: readonly Attribute[] }; readonly scopeSpans: ReadonlyArray<{ readonly spans: readonly RawSpan[] }> }>;
  readonly resourceMetrics?: ReadonlyArray<{ readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<{ readonly name: string }> }> }>;
}

export interface Collector {
  readonly endpoint: string;
  /** `POST /v1/traces` and the like, in the order they came. */
  readonly requests: string[];
  spans(): ExportedSpan[];
  resource(): Record<string, string | number | undefined>;
  metrics(): string[];
  close(): Promise<void>;
}

/** `status` is what it answers; without one it never answers. */
export const startCollector = async (status: number | undefined): Promise<Collector> => {
  const requests: string[] = [];
  const bodies: Body[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`);
      bodies.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Body);
      if (status !== undefined) response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const traces = (): NonNullable<Body['resourceSpans']> => bodies.flatMap((body) => body.resourceSpans ?? []);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    spans: () =>
      traces().flatMap(({ resource, scopeSpans }) => {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
        return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service })));
      }),
    resource: () => Object.fromEntries(traces().flatMap(({ resource }) => resource.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]))),
    metrics: () => bodies.flatMap((body) => body.resourceMetrics ?? []).flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => name))),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
