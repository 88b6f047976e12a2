// A server and five nodes, as a tool for traces sees them: everything that real programs export while they live through a good
// deal, held to docs/TELEMETRY.md. They export in protobuf, as the SDK does by default.
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { version } from '../../node/version.ts';
import { startCollector, valuesOf, type Collector, type ExportedSpan } from '../../telemetry/testing/collector.ts';
import { namesFor } from '../../transport/topology.ts';
import { answered } from '../cluster/commands.ts';
import { clusterName, type ProcessCluster } from '../cluster/process-cluster.ts';
import { takeUserMessages } from '../cluster/taken.ts';
import { useClusters } from '../cluster/use-clusters.ts';
import { mismeasured, misplaced, unseen } from './documented.ts';
import { connectForeign } from './foreign.ts';
import { exportingTo, kinds, patientMs, publishOf, shellOf, type Shell } from './traces.ts';

const all = ['execute-1', 'execute-2', 'execute-3', 'execute-4', 'scheduler'];

/** What these programs do not live through, and what shows it instead. */
const elsewhere: Readonly<Record<string, string>> = {
  'jetpackd: jetpack.transport.settlements.dropped': 'a handler of a node is never slower than its channel; transport-counts.test.ts',
  'cycle-server: jetpack.transport.settlements.dropped': 'the store would have to be slower than a reconnect; transport-counts.test.ts',
  'cycle-server: jetpack.identity.refused': 'identities are not required here; identity.test.ts',
};

const clusters = useClusters();
let collector: Collector;
let prefix: string;
let logging: Shell;
let sending: Shell;
let commanding: Shell;
/** Ids of the commands that were given. */
const given: string[] = [];

/** As anybody gives one who is in a trace. */
const give = async ({ url }: ProcessCluster, command: 'check' | 'converge', { traceparent }: Shell): Promise<string> => {
  const response = await fetch(new URL('/api/commands', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent },
    body: JSON.stringify({ cluster: clusterName, nodes: 'all', command }),
  });
  return ((await response.json()) as { readonly id: string }).id;
};

/** Once each of these programs has exported such a metric, above nothing. */
const counted = (name: string, programs: readonly string[], attribute?: string): Promise<true> =>
  waitFor(
    `${name} from ${programs.join(' and ')}`,
    () =>
      programs.every((program) =>
        collector.metrics().some((metric) => metric.name === name && metric.service === program && metric.points.some(({ attributes, value }) => value > 0 && (attribute === undefined || attribute in attributes))),
      ),
    patientMs,
  );

const both = ['jetpackd', 'cycle-server'];

beforeAll(async () => {
  collector = await startCollector(200);
  [logging, sending, commanding] = [shellOf(collector, 'a'), shellOf(collector, 'b'), shellOf(collector, 'c')];
  const { brokerLeaves, brokerReturns, cluster } = await clusters.beginWired({ env: exportingTo(collector) });
  ({ prefix } = cluster);
  const names = namesFor(prefix);
  cluster.template({ configuration: { demo: { colour: 'red' } } });

  // No server takes reports yet.
  const first = await cluster.startNode('execute-1');
  await counted('jetpack.transport.returned', ['jetpackd']);
  const server = await cluster.startServer();
  const nodes = [first, ...(await Promise.all(all.slice(1).map((name) => cluster.startNode(name))))];
  await cluster.inPhase('ready', ...all);

  const taken = await takeUserMessages(clusters.broker().url(), prefix, '#');
  await cluster.jetpack('execute-2', ['log', 'traced'], { env: logging.env });
  await cluster.jetpack('execute-3', ['send', 'hello', '--routing-key', 'any.key'], { env: sending.env });
  await waitFor('the message', () => taken.messages.length > 0, patientMs);
  await taken.close();
  for (const command of ['check', 'converge'] as const) {
    const id = await give(cluster, command, commanding);
    given.push(id);
    await answered(cluster, id);
  }

  const foreign = await connectForeign(clusters.broker().url());
  for (const [exchange, key] of [[names.reports, `events.${clusterName}.execute-1`], [names.commands, `node.${clusterName}.execute-1`]] as const) {
    foreign.publish(exchange, key, Buffer.from('no frame'));
  }
  // The server answers a node that has no queue.
  const from = { cluster: clusterName, node: 'ghost' };
  const [id, registers] = ['00000000-0000-4000-8000-000000000001', { instanceId: 'i', hostname: 'h', version: '1', wire: { min: 1, max: 1 } }];
  foreign.publish(names.reports, `presence.${clusterName}.ghost.register`, Buffer.from(JSON.stringify({ v: 1, kind: 'register', id, sentAt: Date.now(), from, body: registers })));
  await counted('messaging.client.consumed.messages', both, 'error.type');
  await counted('jetpack.transport.returned', both);
  await foreign.close();

  brokerLeaves();
  await brokerReturns();
  await counted('jetpack.transport.reconnects', both);
  await Promise.all([server, ...nodes].map((program) => program.stop()));
}, 400_000);

afterAll(() => collector.close());

const instance = ({ resource }: Pick<ExportedSpan, 'resource'>): string => String(resource['service.instance.id']);
const parents = (spans: readonly ExportedSpan[]): readonly string[] => spans.map(({ parentSpanId = '' }) => parentSpanId).toSorted();
const ids = (spans: readonly ExportedSpan[]): readonly string[] => spans.map(({ spanId }) => spanId).toSorted();
const attribute = (span: ExportedSpan, name: string) => valuesOf(span.attributes)[name];
const instances = all.map((name) => `${clusterName}/${name}`);
const answersTo = (command: string, name: string): readonly ExportedSpan[] =>
  commanding.found(name).filter((span) => attribute(span, 'messaging.message.conversation_id') === command);

test('everything was exported in the default encoding', () => {
  expect([...collector.contentTypes]).toEqual(['application/x-protobuf']);
});

describe('the trace', () => {
  test('of a jetpack log goes from the shell over the daemon and the broker to the store', async () => {
    const way = [await logging.span('jetpack log'), await logging.span('jetpackd/log'), await logging.span('accept log'), await logging.span(`process ${prefix}.events`)];
    expect(way.map(({ service }) => service)).toEqual(['jetpack', 'jetpackd', 'jetpackd', 'cycle-server']);
    expect(way.map(({ kind }) => kind)).toEqual([kinds.internal, kinds.server, kinds.internal, kinds.consumer]);
    expect(way.map(({ parentSpanId }) => parentSpanId)).toEqual([logging.spanId, ...way.slice(0, 3).map(({ spanId }) => spanId)]);
    expect(way.slice(1, 3).map(instance)).toEqual([`${clusterName}/execute-2`, `${clusterName}/execute-2`]);
    expect((await publishOf(collector, way[3]!)).links).toContainEqual(expect.objectContaining({ traceId: logging.traceId, spanId: way[2]!.spanId }));
  });

  test('of a jetpack send ends with the publish to whoever listens', async () => {
    const [accept, publish] = [await sending.span('accept send'), await sending.span(`publish ${prefix}.user`)];
    expect(publish).toMatchObject({ kind: kinds.producer, parentSpanId: accept.spanId });
    expect(attribute(publish, 'messaging.destination.name')).toBe(`${prefix}.user:any.key`);
  });

  test('of a command holds the request, its way to each of the five nodes, what they told of it, and where that was stored', async () => {
    const requests = await commanding.spans('POST /api/commands', 2);
    for (const request of requests) expect(request).toMatchObject({ service: 'cycle-server', kind: kinds.server, parentSpanId: commanding.spanId });
    expect(requests.map((span) => attribute(span, 'jetpack.command.id'))).toEqual(given);
    for (const [index, command] of given.entries()) {
      const handled = answersTo(command, `process ${prefix}.node.{cluster}.{node}`);
      expect(handled.map(instance).toSorted()).toEqual(instances);
      for (const span of handled) {
        const publish = await publishOf(collector, span);
        expect(span).toMatchObject({ kind: kinds.consumer, parentSpanId: publish.spanId });
        expect(publish).toMatchObject({ service: 'cycle-server', kind: kinds.producer, traceId: commanding.traceId, parentSpanId: requests[index]?.spanId });
        expect(attribute(publish, 'messaging.rabbitmq.destination.routing_key')).toBe(`node.${instance(span).replace('/', '.')}`);
      }
      const accepts = commanding.found('accept command').filter(({ parentSpanId }) => handled.some(({ spanId }) => spanId === parentSpanId));
      const stored = answersTo(command, `process ${prefix}.events`);
      // Each node tells that it has accepted it, and what came of it.
      expect(accepts.map(instance).toSorted()).toEqual(instances.flatMap((name) => [name, name]));
      expect(parents(stored)).toEqual(ids(accepts));
    }
  });

  test('of a converge that the server asked for holds what each node reported of it', () => {
    const reported = commanding.found('accept converge');
    expect([...new Set(reported.map(instance))].toSorted()).toEqual(instances);
    const stored = commanding.found(`process ${prefix}.events`).filter((span) => attribute(span, 'jetpack.event.kind') === 'converge');
    expect(parents(stored)).toEqual(ids(reported));
  });
});

describe('what was exported', () => {
  test('tells five daemons and their server apart', () => {
    const named = new Set([...collector.spans(), ...collector.metrics()].map(({ resource, service }) => `${service} ${resource['service.version']} ${service === 'jetpack' ? '' : instance({ resource })}`));
    expect([...named].toSorted()).toEqual([`cycle-server ${version} ${hostname()}`, `jetpack ${version} `, ...instances.map((name) => `jetpackd ${version} ${name}`)]);
  });

  test('is all documented: spans and metrics, from whom, with their kinds, units and attributes', () => {
    expect([...new Set([...collector.spans().flatMap(misplaced), ...collector.metrics().flatMap(mismeasured)])]).toEqual([]);
  });

  test('is all that is documented, but for what is shown elsewhere', () => {
    const named = (one: string): string => one.replace(/ by [^ ]+$/, '');
    expect(unseen(collector.spans(), collector.metrics()).filter((one) => !(named(one) in elsewhere))).toEqual([]);
  });

  test('says of whatever failed why it did', () => {
    const failed = collector.spans().filter(({ status }) => status?.code === 2);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.filter((span) => attribute(span, 'error.type') === undefined)).toEqual([]);
  });
});
