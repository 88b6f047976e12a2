// The trace of one message through command line, daemon and server as processes of their own, put together by a collector.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { startCollector, valuesOf, type Collector } from '../../telemetry/testing/collector.ts';
import type { ProcessCluster } from '../cluster/process-cluster.ts';
import { takeUserMessages } from '../cluster/taken.ts';
import { useClusters } from '../cluster/use-clusters.ts';
import { exportingTo, kinds, publishOf, shellOf } from './traces.ts';

const clusters = useClusters();
let collector: Collector;
let cluster: ProcessCluster;

beforeEach(async () => {
  collector = await startCollector(200);
  cluster = clusters.begin({ env: { ...exportingTo(collector), OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_METRICS_EXPORTER: 'none' } });
});

// The programs that export to it have ended by then.
afterEach(() => collector.close());

const shell = (digit: string) => shellOf(collector, digit);

describe('the trace of one jetpack log', () => {
  test('is unbroken from the shell over socket, outbox and broker to the span of the server, which links to the publish', async () => {
    await cluster.startServer();
    await cluster.startNode('one');
    const { env, span, spanId, traceId } = shell('a');
    expect(await cluster.jetpack('one', ['log', 'traced'], { env })).toMatchObject({ code: 0, stderr: '' });
    const [command, request, accept, process] = [await span('jetpack log'), await span('jetpackd/log'), await span('accept log'), await span(`process ${cluster.prefix}.events`)];
    expect(command).toMatchObject({ service: 'jetpack', kind: kinds.internal, parentSpanId: spanId });
    expect(request).toMatchObject({ service: 'jetpackd', kind: kinds.server, parentSpanId: command.spanId });
    expect(accept).toMatchObject({ service: 'jetpackd', kind: kinds.internal, parentSpanId: request.spanId });
    expect(process).toMatchObject({ service: 'cycle-server', kind: kinds.consumer, parentSpanId: accept.spanId });
    const publish = await publishOf(collector, process);
    expect(publish).toMatchObject({ name: `publish ${cluster.prefix}.reports`, service: 'jetpackd', kind: kinds.producer });
    expect(publish.traceId).not.toBe(traceId);
    expect(publish.links).toContainEqual(expect.objectContaining({ traceId, spanId: accept.spanId }));
    const id = valuesOf(accept.attributes)['jetpack.message.id'];
    expect(valuesOf(request.attributes)['jetpack.message.id']).toBe(id);
    expect(valuesOf(process.attributes)).toMatchObject({ 'messaging.message.id': id, 'jetpack.event.kind': 'log', 'jetpack.redelivered': false, 'jetpack.duplicate': false });
  }, 120_000);

  test('goes on over the spool, while the daemon is away', async () => {
    await cluster.startServer();
    const node = await cluster.startNode('one');
    await node.kill();
    const { env, span, spanId } = shell('b');
    expect(await cluster.jetpack('one', ['log', 'spooled'], { env })).toMatchObject({ code: 0, stderr: expect.stringContaining('waits in') });
    await cluster.startNode('one');
    const [command, accept, process] = [await span('jetpack log'), await span('accept log'), await span(`process ${cluster.prefix}.events`)];
    expect(command).toMatchObject({ parentSpanId: spanId });
    expect(accept).toMatchObject({ service: 'jetpackd', parentSpanId: command.spanId });
    expect(process).toMatchObject({ service: 'cycle-server', parentSpanId: accept.spanId });
  }, 120_000);

  test('goes on after the daemon was killed: the next one sends what the outbox holds, under the trace it came with', async () => {
    const node = await cluster.startNode('one');
    const { env, span } = shell('c');
    await cluster.jetpack('one', ['log', 'left behind'], { env });
    const accept = await span('accept log');
    await node.kill();
    await cluster.startServer();
    await cluster.startNode('one');
    const process = await span(`process ${cluster.prefix}.events`);
    expect(process).toMatchObject({ service: 'cycle-server', parentSpanId: accept.spanId });
    expect((await publishOf(collector, process)).links).toContainEqual(expect.objectContaining({ spanId: accept.spanId }));
  }, 120_000);
});

describe('the trace of one jetpack send', () => {
  test('goes on in the headers that its receiver gets', async () => {
    const taken = await takeUserMessages(clusters.broker().url(), cluster.prefix, '#');
    try {
      await cluster.startNode('one');
      const { env, span, traceId } = shell('d');
      await cluster.jetpack('one', ['send', 'hello', '--routing-key', 'any.key'], { env });
      const [message] = await waitFor('the message', () => taken.messages.length > 0 && taken.messages);
      const publish = await span(`publish ${cluster.prefix}.user`);
      expect(publish).toMatchObject({ service: 'jetpackd', kind: kinds.producer, parentSpanId: (await span('accept send')).spanId });
      expect(message?.properties.headers?.['traceparent']).toBe(`00-${traceId}-${publish.spanId}-01`);
    } finally {
      await taken.close();
    }
  }, 120_000);
});
