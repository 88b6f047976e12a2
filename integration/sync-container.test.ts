// Five nodes and a server as real processes on a RabbitMQ in a container, with a client in another language beside them.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Target } from '../actors/server/order-ports.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { routingKey } from '../protocol/routing.ts';
import { namesFor } from '../transport/topology.ts';
import { SharedBroker } from './broker/shared/shared-broker.ts';
import { carriedOut } from './cluster/commands.ts';
import { startPika, type Pika } from './cluster/pika.ts';
import { clusterName, ProcessCluster } from './cluster/process-cluster.ts';
import type { Running } from './cluster/processes.ts';
import { logsOf } from './cluster/stored-events.ts';
import { flawsIn } from './cluster/told.ts';
import { judge } from './crash/judge.ts';
import { Load } from './crash/load.ts';

const names = ['n1', 'n2', 'n3', 'n4', 'n5'];
const accepted = { code: 0, stdout: '', stderr: '' };

let broker: SharedBroker;
let cluster: ProcessCluster;
let daemons: readonly Running[];
let pika: Pika | undefined;

beforeAll(async () => {
  broker = await SharedBroker.borrow('4');
  cluster = new ProcessCluster(broker.url());
  await cluster.startServer();
  daemons = await Promise.all(names.map((name) => cluster.startNode(name)));
}, 240_000);

/** A consumer that complains fails the test that used it. */
afterEach(async () => {
  const complaint = await pika?.close();
  pika = undefined;
  if (complaint) throw new Error(`consumer.py: ${complaint}`);
});

afterAll(async () => {
  await cluster?.dispose();
  await broker?.dispose();
});

const converged = (): Promise<void> => cluster.inPhase('ready', ...names);

test('every node registers under its name and instance, and becomes ready', async () => {
  await converged();
  const nodes = await cluster.nodes();
  expect(nodes.map(({ instanceId, link, node }) => `${node} ${instanceId} ${link}`).toSorted()).toEqual(names.map((name) => `${name} ${name} online`));
}, 90_000);

test('what five nodes accept at the same time is stored, each message once and in order', async () => {
  const load = new Load(names.map((node) => ({ node, home: cluster.home(node) })));
  await waitFor('two hundred messages', () => load.logs.length > 200, 60_000);
  await load.end();
  await waitFor('everything in the store', async () => judge(load.logs, logsOf(await cluster.watched())).lost.length === 0, 60_000);
  const verdict = judge(load.logs, await cluster.logged());
  expect(verdict).toEqual({ accepted: load.logs.length, stored: load.logs.length, lost: [], doubled: [], misplaced: [], unknown: [] });
  expect(flawsIn(await cluster.events())).toEqual([]);
}, 180_000);

test('a command of the server reaches the node it is for and no other, and one for all reaches all', async () => {
  const setting = async (name: string, key: string): Promise<string | undefined> => {
    const run = await cluster.jetpack(name, ['config', key]);
    return run.code === 0 ? run.stdout.trim() : undefined;
  };
  const doneBy = (targets: readonly Target[]): readonly string[] => targets.filter(({ state }) => state === 'done').map(({ node }) => node).toSorted();
  expect(doneBy(await carriedOut(cluster, { nodes: ['n3'], command: 'set', key: 'one.asked', value: 'yes' }))).toEqual(['n3']);
  expect(await Promise.all(names.map((name) => setting(name, 'one.asked')))).toEqual([undefined, undefined, 'yes', undefined, undefined]);
  expect(doneBy(await carriedOut(cluster, { command: 'set', key: 'all.asked', value: 'yes' }))).toEqual(names);
  expect(await Promise.all(names.map((name) => setting(name, 'all.asked')))).toEqual(names.map(() => 'yes'));
}, 120_000);

test('messages of jetpack send reach a consumer in Python by their routing keys, with their bytes, headers and properties', async () => {
  pika = await startPika(broker.url(), namesFor(cluster.prefix).user, ['jobs.*.done', 'alerts.#']);
  const bytes = Buffer.from([0xf0, 0x9f, 0x9a, 0x80, 0x0a, 0xc3, 0xa9]);
  expect(await cluster.jetpack('n1', ['send', '{"job":7}', '--routing-key', 'jobs.7.done'])).toEqual(accepted);
  expect(await cluster.jetpack('n1', ['send', 'not for it', '--routing-key', 'jobs.7.begun'])).toEqual(accepted);
  expect(await cluster.jetpack('n1', ['send', '--file', '-', '--routing-key', 'alerts'], { input: bytes.toString() })).toEqual(accepted);
  expect(await cluster.jetpack('n5', ['send', 'deep', '--routing-key', 'alerts.disk.full'])).toEqual(accepted);
  const { messages } = pika;
  await waitFor('three messages', () => messages.length === 3, 30_000);
  const ofNode = (node: string) => messages.filter(({ headers }) => headers['jetpack-node'] === node);
  expect([...ofNode('n1'), ...ofNode('n5')].map(({ body, routing_key }) => [routing_key, Buffer.from(body, 'base64').toString()])).toEqual([
    ['jobs.7.done', '{"job":7}'],
    ['alerts', bytes.toString()],
    ['alerts.disk.full', 'deep'],
  ]);
  for (const { exchange, headers, properties, redelivered } of messages) {
    expect({ exchange, redelivered }).toEqual({ exchange: namesFor(cluster.prefix).user, redelivered: false });
    expect(headers).toMatchObject({ 'jetpack-cluster': clusterName, 'jetpack-node': expect.stringMatching(/^n[15]$/) });
    expect(properties).toMatchObject({ message_id: expect.stringMatching(/^[\da-f-]{36}$/), delivery_mode: 2, user_id: broker.user });
  }
  expect(messages.map(({ properties }) => String(properties['content_type'])).toSorted()).toEqual(['application/json', 'text/plain', 'text/plain']);
  const report = await waitFor('the report of what nobody took', async () => (await cluster.events()).find(({ kind, message }) => kind === 'undelivered' && message.includes('jobs.7.begun')));
  expect(report).toMatchObject({ node: 'n1', level: 'warn' });
}, 120_000);

test("a stranger's message to the user exchange under a node's own routing keys does not disturb the node", async () => {
  const address = { cluster: clusterName, node: 'n2' };
  const keys = [routingKey({ type: 'node', ...address }), routingKey({ type: 'cluster', cluster: clusterName }), routingKey({ type: 'events', ...address })];
  const exchange = namesFor(cluster.prefix).user;
  pika = await startPika(broker.url(), exchange, ['nothing.else']);
  for (const key of keys) pika.publish({ exchange, routing_key: key, body: '{"type":"terminate"}' });
  const { published } = pika;
  const before = daemons.map((daemon) => daemon.stderr().length);
  await waitFor('an answer to each', () => published.length === keys.length, 30_000);
  expect(published).toEqual(keys.map((key) => ({ returned: key })));
  const [done] = await carriedOut(cluster, { nodes: ['n2'], command: 'set', key: 'asked', value: 'after' });
  expect(done).toMatchObject({ node: 'n2', state: 'done' });
  await converged();
  for (const [index, daemon] of daemons.entries()) expect(daemon.stderr().slice(before[index])).not.toMatch(/"level":"(warn|error|fatal)"/);
  expect(flawsIn(await cluster.events())).toEqual([]);
}, 120_000);
