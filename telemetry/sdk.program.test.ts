// What the SDK reads from its process and does to it needs a process of its own: each test runs testing/program.ts.
import { afterEach, describe, expect, test } from '@jest/globals';
import { runChild } from './testing/child.ts';
import { startCollector, valuesOf, type Collector } from './testing/collector.ts';

interface Seen {
  readonly modules: string[];
  readonly active?: string;
  readonly warnings: string[];
}

const given = { TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const collectors: Collector[] = [];

afterEach(async () => {
  for (const collector of collectors.splice(0)) await collector.close();
});

const run = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Seen> => {
  const { code, stdout, stderr } = await runChild(new URL('testing/program.ts', import.meta.url), args, { ...given, ...env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Seen;
};

const collector = async (status?: number): Promise<{ readonly at: Collector; readonly env: Readonly<Record<string, string>> }> => {
  const at = await startCollector(status);
  collectors.push(at);
  return { at, env: { OTEL_EXPORTER_OTLP_ENDPOINT: at.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' } };
};

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };

describe('telemetry that is not wanted', () => {
  test.each([
    ['no endpoint is set', {}],
    ['the endpoint is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['the SDK is disabled', { ...endpoint, OTEL_SDK_DISABLED: 'True' }],
    ['no signal has an exporter', { ...endpoint, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }],
  ])('loads nothing of the SDK: %s', async (_, env) => {
    const command = await run(['command'], env);
    expect(command.modules).toEqual(['@opentelemetry/api']);
    const daemon = await run(['daemon'], env);
    expect(daemon.modules).toEqual(['@opentelemetry/api', '@opentelemetry/context-async-hooks']);
  });

  test('still lets the log lines of a daemon name the trace they belong to', async () => {
    expect((await run(['daemon'], {})).active).toBe(traceId);
  });
});

describe('telemetry that is wanted', () => {
  test('goes out as OTLP over HTTP: spans with every link, and metrics of a daemon', async () => {
    const { at, env } = await collector(200);
    const seen = await run(['daemon'], env);
    expect(seen).toMatchObject({ active: traceId, warnings: [] });
    expect([...new Set(at.requests)].sort()).toEqual(['POST /v1/metrics', 'POST /v1/traces']);
    const [command, publish] = at.spans();
    expect(command).toMatchObject({ name: 'jetpack log', traceId, parentSpanId: 'b7ad6b7169203331' });
    expect(publish).toMatchObject({ name: 'publish jetpack.reports', kind: 4 });
    expect(publish?.links).toHaveLength(200);
    expect(at.metrics().map(({ name }) => name)).toContain('messaging.client.sent.messages');
  });

  test('is the same in protobuf, which is the default, as in JSON', async () => {
    const exported = async (env: Readonly<Record<string, string>>) => {
      const { at } = await collector(200);
      await run(['daemon'], { OTEL_EXPORTER_OTLP_ENDPOINT: at.endpoint, ...env });
      const spans = at.spans().map(({ attributes, kind, links, name, parentSpanId, resource }) => ({ attributes: Object.keys(valuesOf(attributes)), kind, links: links?.length, name, parentSpanId, names: Object.keys(resource) }));
      return { contentTypes: [...at.contentTypes], spans, metrics: at.metrics().map(({ name, points, type, unit }) => ({ name, type, unit, points: points.map(({ attributes }) => attributes) })) };
    };
    const [json, protobuf] = [await exported({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }), await exported({})];
    expect([json.contentTypes, protobuf.contentTypes]).toEqual([['application/json'], ['application/x-protobuf']]);
    expect(protobuf.spans).toMatchObject([{ name: 'jetpack log', kind: 1, parentSpanId: 'b7ad6b7169203331' }, { name: 'publish jetpack.reports', kind: 4, links: 200 }]);
    expect({ ...protobuf, contentTypes: [] }).toEqual({ ...json, contentTypes: [], spans: json.spans.map((span) => ({ ...span, links: span.links ?? 0 })) });
  });

  test('of a command are its traces alone', async () => {
    const { at, env } = await collector(200);
    await run(['command'], env);
    expect(at.requests).toEqual(['POST /v1/traces']);
  });

  test('of one signal alone is that one alone', async () => {
    const { at, env } = await collector(200);
    const only = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${at.endpoint}/custom/metrics` };
    await run(['daemon'], only);
    await run(['daemon'], { ...env, OTEL_METRICS_EXPORTER: 'none' });
    expect(at.requests).toEqual(['POST /custom/metrics', 'POST /v1/traces']);
  });

  test('names its program and version, and never the command line, which may hold secrets', async () => {
    const { at, env } = await collector(200);
    await run(['command'], env);
    expect(at.resource()).toMatchObject({ 'service.name': 'test-program', 'service.version': '1.2.3', 'host.name': expect.any(String) });
    expect(Object.keys(at.resource()).filter((name) => name.startsWith('process.'))).toEqual([]);
  });

  test('of one instance bears its name, unless the standard variables name another', async () => {
    const { at, env } = await collector(200);
    await run(['named'], env);
    expect(at.resource()['service.instance.id']).toBe('lab/n1');
    await run(['named'], { ...env, OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=mine' });
    expect(at.resource()['service.instance.id']).toBe('mine');
  });

  test('is named by the standard variables where they are set', async () => {
    const { at, env } = await collector(200);
    await run(['command'], { ...env, OTEL_SERVICE_NAME: 'mine', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=lab' });
    expect(at.resource()).toMatchObject({ 'service.name': 'mine', 'service.version': '1.2.3', 'deployment.environment.name': 'lab' });
  });
});

describe('a collector in trouble', () => {
  test('that refuses costs one warning, however often it refuses', async () => {
    const { at, env } = await collector(400);
    const { warnings } = await run(['daemon'], { ...env, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' });
    expect(at.requests.length).toBeGreaterThan(1);
    expect(warnings).toEqual([expect.stringMatching(/^telemetry: [^\n]+$/)]);
  });

  test('that never answers holds no program: a command stops after one second, a daemon after one and a half', async () => {
    const { env } = await collector(undefined);
    for (const program of ['command', 'daemon']) expect(await run([program, 'hurried'], env)).toMatchObject({ active: traceId });
  });
});
