// Traces go on over whatever interrupts a message: the broker's end, the server's, and messages that come twice.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { startCollector, valuesOf, type Collector, type ExportedSpan } from '../../telemetry/testing/collector.ts';
import { namesFor } from '../../transport/topology.ts';
import { carriedOut } from '../cluster/commands.ts';
import { clusterName, type ProcessCluster } from '../cluster/process-cluster.ts';
import { useClusters, type Wired } from '../cluster/use-clusters.ts';
import { connectForeign, type Foreign } from './foreign.ts';
import { misplaced } from './documented.ts';
import { exportingTo, patientMs, publishOf, shellOf } from './traces.ts';

const clusters = useClusters();
let collector: Collector;
let cluster: ProcessCluster;
let wired: Wired;
let foreign: Foreign | undefined;

beforeEach(async () => {
  collector = await startCollector(200);
  wired = await clusters.beginWired({ env: exportingTo(collector) });
  ({ cluster } = wired);
});

afterEach(async () => {
  await foreign?.close().catch(() => undefined);
  foreign = undefined;
  await collector.close();
});

const duplicates = (name: string): readonly ExportedSpan[] =>
  collector.spans().filter((span) => span.name === name && valuesOf(span.attributes)['jetpack.duplicate'] === true);

const attribute = (span: ExportedSpan, name: string) => valuesOf(span.attributes)[name];

test('what waits while the broker is away goes on in its trace when that is back: one publish of all of them links to each', async () => {
  await cluster.startServer();
  await cluster.startNode('one');
  await waitFor('the node to be online', async () => (await cluster.node('one')).link === 'online', patientMs);
  wired.brokerLeaves();
  const shells = ['a', 'b', 'c'].map((digit) => shellOf(collector, digit));
  for (const { env } of shells) expect(await cluster.jetpack('one', ['log', 'while it is away'], { env })).toMatchObject({ code: 0 });
  const accepts = await Promise.all(shells.map(({ span }) => span('accept log')));
  await wired.brokerReturns();
  const processed = await Promise.all(shells.map(({ span }) => span(`process ${cluster.prefix}.events`)));
  expect(processed.map(({ parentSpanId }) => parentSpanId)).toEqual(accepts.map(({ spanId }) => spanId));
  const publishes = await Promise.all(processed.map((span) => publishOf(collector, span)));
  expect(new Set(publishes.map(({ spanId }) => spanId)).size).toBe(1);
  for (const { spanId, traceId } of accepts) expect(publishes[0]?.links).toContainEqual(expect.objectContaining({ traceId, spanId }));
  await waitFor(
    'both programs to have counted the new connection',
    () => ['jetpackd', 'cycle-server'].every((program) => collector.metrics().some(({ name, points, service }) => service === program && name === 'jetpack.transport.reconnects' && points.some(({ value }) => value > 0))),
    patientMs,
  );
}, 240_000);

test('what a killed server had not stored is handled by the next one in the same trace, and says that it was delivered before', async () => {
  const server = await cluster.startServer();
  await cluster.startNode('one');
  const shell = shellOf(collector, 'd');
  await waitFor('the node to be online', async () => (await cluster.node('one')).link === 'online', patientMs);
  // It holds its connection, and does nothing with what the broker gives it.
  process.kill(server.pid, 'SIGSTOP');
  expect(await cluster.jetpack('one', ['log', 'not stored yet'], { env: shell.env })).toMatchObject({ code: 0 });
  const accept = await shell.span('accept log');
  await waitFor('the publish', () => collector.spans().some(({ links }) => links?.some(({ spanId }) => spanId === accept.spanId)), patientMs);
  await server.kill();
  expect(shell.found(`process ${cluster.prefix}.events`)).toEqual([]);
  await cluster.startServer();
  const handled = await shell.span(`process ${cluster.prefix}.events`);
  expect(handled).toMatchObject({ parentSpanId: accept.spanId });
  expect(valuesOf(handled.attributes)).toMatchObject({ 'jetpack.redelivered': true, 'jetpack.duplicate': false });
  await publishOf(collector, handled);
}, 240_000);

test('an event and a command that come twice have a span for each time: the second says that it changes nothing', async () => {
  await cluster.startServer();
  await cluster.startNode('one');
  const { commands, events, reports } = namesFor(cluster.prefix);
  await waitFor('the node to be online', async () => (await cluster.node('one')).link === 'online', patientMs);
  foreign = await connectForeign(clusters.broker().url());
  const [frames, orders] = [await foreign.tap(reports, 'events.#'), await foreign.tap(commands, '#')];
  const shell = shellOf(collector, 'e');
  await cluster.jetpack('one', ['log', 'once'], { env: shell.env });
  const once = await shell.span(`process ${events}`);
  await carriedOut(cluster, { command: 'check' });

  const id = String(attribute(once, 'messaging.message.id'));
  const frame = frames.find(({ content }) => content.includes(id));
  const order = orders.find(({ content }) => content.includes('"kind":"command"'));
  if (frame === undefined || order === undefined) throw new Error('the broker brought no copy');
  foreign.repeat(frame);
  foreign.repeat(order);

  const [again] = await waitFor('the second event', () => {
    const found = duplicates(`process ${events}`).filter((span) => attribute(span, 'messaging.message.id') === id);
    return found.length > 0 && found;
  }, patientMs);
  expect(again).toMatchObject({ traceId: once.traceId, parentSpanId: once.parentSpanId, links: once.links });
  const orderName = `process ${cluster.prefix}.node.{cluster}.{node}`;
  const [secondOrder] = await waitFor('the second command', () => duplicates(orderName).length > 0 && duplicates(orderName), patientMs);
  expect(attribute(secondOrder!, 'messaging.message.id')).toBe(order.properties.messageId);
  expect([again!, secondOrder!].flatMap(misplaced)).toEqual([]);
  expect((await cluster.logged()).filter((message) => message === 'once')).toHaveLength(1);
  expect(attribute(secondOrder!, 'messaging.rabbitmq.destination.routing_key')).toBe(`node.${clusterName}.one`);
}, 240_000);
