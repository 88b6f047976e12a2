// Identities of real programs on a live broker: they come to be, speak for their nodes alone, and end. What a node's user may do on each broker:
// identity/node-user.test.ts; how nodes enroll: identity/enrolling.test.ts.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connect, type ChannelModel } from 'amqplib';
import type { CommandRecord } from '../actors/server/order-ports.ts';
import { bodies, frame } from '../actors/testing/frames.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { encodeFrame } from '../protocol/codec.ts';
import { routingKey } from '../protocol/routing.ts';
import { namesFor, nodeQueue, nodeUser } from '../transport/topology.ts';
import { borrowAny } from './broker/find.ts';
import type { SharedBroker } from './broker/shared/shared-broker.ts';
import { attempt, publishing } from './identity/deeds.ts';
import { clusterName, EnrollingCluster } from './identity/enrolling-cluster.ts';
import { postAs, tellsOverHttp } from './identity/over-http.ts';

const addressOf = (node: string) => ({ cluster: clusterName, node });
const one = addressOf('one');
const two = addressOf('two');

/** Of the broker, from the answer to a revocation on. */
const cutMs = 5_000;
/** Of the daemon, far more than it takes, for a machine with other work; what both took is written out. */
const endMs = 20_000;

let broker: SharedBroker;
let cluster: EnrollingCluster;
const connections: ChannelModel[] = [];

beforeAll(async () => {
  broker = await borrowAny();
}, 120_000);

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close().catch(() => undefined)));
});

afterAll(() => broker?.dispose());

const connectedTo = async (url: string): Promise<ChannelModel> => {
  const connection = await connect(url);
  connection.on('error', () => undefined);
  connections.push(connection);
  return connection;
};

const publish = (connection: ChannelModel, exchange: string, key: string, body: Uint8Array, userId?: string): Promise<string> => attempt(connection, publishing(exchange, key, body, userId));

const connectedUsers = async (): Promise<readonly string[]> => (await broker.management.connections()).map(({ user }) => user);

/** Resolves when a connection of this user shows, which takes a moment. */
const showsConnected = (user: string): Promise<true> =>
  waitFor(`a connection of ${user} to show`, async () => (await connectedUsers()).includes(user));

/** A server, and nodes that are enrolled and ready. */
const begun = async (...nodes: readonly string[]): Promise<void> => {
  await cluster.startServer();
  await Promise.all(
    nodes.map(async (node) => {
      await cluster.enroll(node);
      await cluster.startNode(node);
    }),
  );
  for (const node of nodes) await cluster.seen(node, ({ link, phase }) => link === 'online' && phase === 'ready');
};

describe('two nodes', () => {
  beforeAll(async () => {
    cluster = new EnrollingCluster(broker);
    await begun('one', 'two');
  }, 300_000);

  afterAll(() => cluster?.dispose());

  test('enrolled nodes register, report and are given commands, each by its own user, and no secret is where others can read it', async () => {
    for (const node of ['one', 'two']) {
      const file = cluster.connectionFile(node);
      expect([statSync(file).mode & 0o777, cluster.connection(node)]).toEqual([0o600, { ...addressOf(node), prefix: cluster.prefix, broker: [expect.stringContaining('amqp://')], url: cluster.url.replace(/\/$/, ''), username: nodeUser(cluster.prefix, addressOf(node)), password: expect.any(String) }]);
      expect(await cluster.jetpack(node, 'log', `hello from ${node}`)).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    await waitFor('both messages', async () => {
      const logged = await cluster.logged();
      return ['one: hello from one', 'two: hello from two'].every((line) => logged.includes(line));
    });
    expect((await cluster.seen('one', () => true)).identity).toBe('active');

    const given = await fetch(new URL('/api/commands', cluster.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cluster: clusterName, nodes: 'all', command: 'set', key: 'demo.limit', value: 5 }),
    });
    const { id } = (await given.json()) as { readonly id: string };
    await waitFor('both nodes to answer', async () => {
      const { targets } = (await (await fetch(new URL(`/api/commands/${id}`, cluster.url))).json()) as CommandRecord;
      return targets.length === 2 && targets.every(({ state }) => state === 'done');
    }, 60_000);

    for (const node of [one, two]) await showsConnected(nodeUser(cluster.prefix, node));
    const password = new URL(cluster.connection('one').broker[0]!).password;
    const logs = [cluster.serverLog(), readFileSync(path.join(cluster.home('one'), 'logs', 'jetpackd.log'), 'utf8')].join('\n');
    expect(password.length).toBeGreaterThan(40);
    expect(logs).not.toContain(password);
    expect(logs).not.toContain(broker.password);
    const listed = await cluster.operate('identities');
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toContain(`c/one  active`);
    expect(listed.stdout).not.toContain(password);
  }, 300_000);

  test('scripts that read connection.json and jetpack.ini find the server there, and may tell it something as their node', async () => {
    const script = path.join(import.meta.dirname, 'identity', 'read-as-scripts-do.py');
    const { stdout } = await promisify(execFile)('python3', [script, path.join(cluster.home('one'), 'config')]);
    expect(JSON.parse(stdout)).toEqual({ cluster: clusterName, identity: { cluster_name: clusterName, instance_id: 'one' }, same: true, 'by connection.json': 202, 'by jetpack.ini': 202 });
    expect((await cluster.logged()).filter((line) => line.startsWith('one: read from '))).toEqual(['one: read from connection.json', 'one: read from jetpack.ini']);
    expect((await cluster.jetpack('one', 'config', 'cyclecloud.config.web_server')).stdout).toBe(`${cluster.connection('one').url}\n`);
  }, 300_000);

  test('a node cannot speak as another: not by its routing key, not by its user id, not by its envelope; and not even the server can', async () => {
    const names = namesFor(cluster.prefix);
    const own = await connectedTo(cluster.connection('one').broker[0]!);
    const before = await cluster.logged();
    const forged = encodeFrame(frame('events', bodies.events, { from: two }));
    const [ownKey, otherKey] = [one, two].map((node) => routingKey({ type: 'events', ...node })) as [string, string];
    expect(await publish(own, names.reports, otherKey, forged)).toContain('403');
    expect(await publish(own, names.reports, ownKey, forged, nodeUser(cluster.prefix, two))).toContain('406');
    // These the broker lets pass: it does not read what is in a frame.
    expect(await publish(own, names.reports, ownKey, forged, nodeUser(cluster.prefix, one))).toBe('ok');
    // Nor does it see whose key comes by an exchange of the node's own.
    const throughOwn = nodeQueue(cluster.prefix, one);
    expect(await attempt(own, (channel) => channel.assertExchange(throughOwn, 'topic'))).toBe('ok');
    expect(await attempt(own, (channel) => channel.bindExchange(names.reports, throughOwn, '#'))).toBe('ok');
    expect(await publish(own, throughOwn, otherKey, forged, nodeUser(cluster.prefix, one))).toBe('ok');
    const server = await connectedTo(broker.url());
    expect(await publish(server, names.reports, otherKey, forged, broker.user)).toBe('ok');
    expect(await publish(server, names.reports, otherKey, forged)).toBe('ok');
    await waitFor('the server to have said so of each', () => {
      const log = cluster.serverLog();
      const wanted = ['its sender is not who may use the routing key', `the user "${nodeUser(cluster.prefix, one)}" is refused as c/two`, `the user "${broker.user}" is refused as c/two`, 'a publisher that names no user is refused as c/two'];
      const missing = wanted.filter((line) => !log.includes(line));
      if (missing.length > 0) throw new Error(`${missing.join(', ')} not in\n${log.slice(-3_000)}`);
      return true;
    });
    expect(await cluster.logged()).toEqual(before);
    expect(await cluster.jetpack('two', 'log', 'the real one')).toMatchObject({ code: 0 });
    await waitFor('what two itself says', async () => (await cluster.logged()).includes('two: the real one'));
  }, 300_000);

  test('programs on a node tell the server over HTTP what they have to, as their node alone and once, and by a port of loopback when one is asked for', async () => {
    const details = { exit_code: 254 };
    expect(await tellsOverHttp(cluster, 'two', 'one')).toEqual([
      ['two', 'told over HTTP', details],
      ['two', 'told to the daemon', details],
    ]);
  }, 300_000);

  test('a node that is revoked is cut off within seconds, for good, and the others go on', async () => {
    const daemon = cluster.daemonOf('two');
    const ofTwo = nodeUser(cluster.prefix, two);
    const another = await connectedTo(cluster.connection('two').broker[0]!);
    const dropped = once(another, 'close');
    await showsConnected(ofTwo);
    expect(await cluster.operate('revoke', '--cluster', clusterName, '--node', 'two')).toMatchObject({ code: 0, stdout: 'the identity of c/two is revoked\n' });
    const answered = performance.now();
    await waitFor('the broker to have cut off its user', async () => !(await connectedUsers()).includes(ofTwo), cutMs);
    await dropped;
    const goneMs = performance.now() - answered;
    expect(goneMs).toBeLessThan(cutMs);
    const ended = await daemon.ended;
    const endedMs = performance.now() - answered;
    process.stderr.write(`${broker.name}: after the answer to a revocation the user was seen to have no connection within ${Math.round(goneMs)} ms, and its daemon ended within ${Math.round(endedMs)} ms\n`);
    expect(endedMs).toBeLessThan(endMs);
    expect([ended.code, daemon.stderr()]).toEqual([1, expect.stringContaining('refuses the user name or password')]);
    expect(await cluster.seen('two', ({ identity }) => identity === 'revoked')).toMatchObject({ node: 'two' });

    const again = cluster.launchNode('two');
    expect([(await again.ended).code, again.stderr()]).toEqual([1, expect.stringContaining('refuses the user name or password')]);
    await expect(connect(cluster.connection('two').broker[0]!)).rejects.toThrow();
    expect(await postAs(cluster, 'two', { messages: [] })).toMatchObject([401, { code: 'identity_refused' }]);
    const [users, queues] = [await broker.management.users(), (await broker.management.queues()).map(({ name }) => name)];
    expect([users, queues]).toEqual([expect.arrayContaining([nodeUser(cluster.prefix, one)]), expect.arrayContaining([nodeQueue(cluster.prefix, one)])]);
    for (const left of [users, queues, await connectedUsers()]) {
      expect(left).not.toContain(ofTwo);
      expect(left).not.toContain(nodeQueue(cluster.prefix, two));
    }

    expect(await cluster.jetpack('one', 'log', 'still here')).toMatchObject({ code: 0 });
    await waitFor('what one says', async () => (await cluster.logged()).includes('one: still here'));
    await cluster.enroll('two');
    await cluster.startNode('two');
    expect(await cluster.jetpack('two', 'log', 'here again')).toMatchObject({ code: 0 });
    await waitFor('what two says', async () => (await cluster.logged()).includes('two: here again'));
    await cluster.seen('two', ({ identity, link }) => identity === 'active' && link === 'online');
  }, 300_000);
});
