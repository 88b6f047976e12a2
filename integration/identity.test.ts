// Identities on live brokers: what a node's user may not do, how it comes to be, and how it ends.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { CommandRecord } from '../actors/server/order-ports.ts';
import { bodies, frame } from '../actors/testing/frames.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { encodeFrame } from '../protocol/codec.ts';
import { routingKey } from '../protocol/routing.ts';
import { namesFor, nodeQueue, nodeUser } from '../transport/topology.ts';
import { brokersAtHand, startBroker } from './broker/at-hand.ts';
import type { TestBroker } from './broker/test-broker.ts';
import { clusterName, EnrollingCluster } from './identity/enrolling-cluster.ts';

const addressOf = (node: string) => ({ cluster: clusterName, node });
const one = addressOf('one');
const two = addressOf('two');

/** Far more than it takes, for a machine with other work; what it took is written out. */
const cutOffMs = 20_000;

describe.each(await brokersAtHand())('on $title:', (kind) => {
  let broker: TestBroker;
  let cluster: EnrollingCluster;
  const connections: ChannelModel[] = [];

  beforeAll(async () => {
    broker = await startBroker(kind, { management: true });
  }, 300_000);

  beforeEach(() => {
    cluster = new EnrollingCluster(broker);
  });

  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close().catch(() => undefined)));
    await cluster.dispose();
  });

  afterAll(() => broker?.dispose());

  const connectedTo = async (url: string): Promise<ChannelModel> => {
    const connection = await connect(url);
    connection.on('error', () => undefined);
    connections.push(connection);
    return connection;
  };

  /** What the broker answers to a deed on a channel of its own: `ok`, or why it closed the channel. */
  const attempt = async (connection: ChannelModel, deed: (channel: ConfirmChannel) => Promise<unknown>): Promise<string> => {
    const channel = await connection.createConfirmChannel();
    const closed = new Promise<string>((resolve) => channel.on('error', (error: Error) => resolve(error.message)));
    const done = deed(channel).then(
      () => 'ok',
      () => closed,
    );
    const outcome = await Promise.race([done, closed]);
    await channel.close().catch(() => undefined);
    return outcome;
  };

  const publish = (connection: ChannelModel, exchange: string, key: string, body: Uint8Array, userId?: string): Promise<string> =>
    attempt(connection, async (channel) => {
      channel.publish(exchange, key, Buffer.from(body), userId === undefined ? {} : { userId });
      await channel.waitForConfirms();
    });

  /** A server, and nodes that are enrolled and ready. */
  const begun = async (...nodes: readonly string[]): Promise<void> => {
    await cluster.startServer();
    for (const node of nodes) {
      await cluster.enroll(node);
      await cluster.startNode(node);
    }
    for (const node of nodes) await cluster.seen(node, ({ link, phase }) => link === 'online' && phase === 'ready');
  };

  test('enrolled nodes register, report and are given commands, each by its own user, and no secret is where others can read it', async () => {
    await begun('one', 'two');
    for (const node of ['one', 'two']) {
      const file = path.join(cluster.home(node), 'config', 'connection.json');
      expect([statSync(file).mode & 0o777, cluster.connection(node)]).toEqual([0o600, { ...addressOf(node), prefix: cluster.prefix, url: [expect.stringContaining('amqp://')] }]);
      expect(await cluster.jetpack(node, 'log', `hello from ${node}`)).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    await waitFor('both messages', async () => (await cluster.logged()).toSorted().join() === 'one: hello from one,two: hello from two');
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

    const users = (await broker.ctl('list_connections', 'user')).split('\n');
    for (const node of [one, two]) expect(users).toContain(nodeUser(cluster.prefix, node));
    const password = new URL(cluster.connection('one').url[0]!).password;
    const logs = [cluster.serverLog(), readFileSync(path.join(cluster.home('one'), 'logs', 'jetpackd.log'), 'utf8')].join('\n');
    expect(password.length).toBeGreaterThan(40);
    expect(logs).not.toContain(password);
    expect(logs).not.toContain(broker.password);
    const listed = await cluster.operate('identities');
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toContain(`c/one  active`);
    expect(listed.stdout).not.toContain(password);
  }, 300_000);

  test('a node cannot speak as another: not by its routing key, not by its user id, not by its envelope; and not even the server can', async () => {
    await begun('one', 'two');
    const names = namesFor(cluster.prefix);
    const own = await connectedTo(cluster.connection('one').url[0]!);
    const forged = encodeFrame(frame('events', bodies.events, { from: two }));
    const [ownKey, otherKey] = [one, two].map((node) => routingKey({ type: 'events', ...node })) as [string, string];
    expect(await publish(own, names.reports, otherKey, forged)).toContain('403');
    expect(await publish(own, names.reports, ownKey, forged, nodeUser(cluster.prefix, two))).toContain('406');
    // These the broker lets pass: it does not read what is in a frame.
    expect(await publish(own, names.reports, ownKey, forged, nodeUser(cluster.prefix, one))).toBe('ok');
    const server = await connectedTo(broker.url());
    expect(await publish(server, names.reports, otherKey, forged, broker.user)).toBe('ok');
    expect(await publish(server, names.reports, otherKey, forged)).toBe('ok');
    await waitFor('the server to have said so of each', () => {
      const log = cluster.serverLog();
      const wanted = ['its sender is not who may use the routing key', `the user "${broker.user}" is refused as c/two`, 'a publisher that names no user is refused as c/two'];
      const missing = wanted.filter((line) => !log.includes(line));
      if (missing.length > 0) throw new Error(`${missing.join(', ')} not in\n${log.slice(-3_000)}`);
      return true;
    });
    expect(await cluster.logged()).toEqual([]);
    expect(await cluster.jetpack('two', 'log', 'the real one')).toMatchObject({ code: 0 });
    await waitFor('what two itself says', async () => (await cluster.logged()).includes('two: the real one'));
  }, 300_000);

  test("a node cannot read what is another's, nor touch what all share", async () => {
    await begun('one', 'two');
    const names = namesFor(cluster.prefix);
    const own = await connectedTo(cluster.connection('one').url[0]!);
    const [ownQueue, otherQueue] = [one, two].map((node) => nodeQueue(cluster.prefix, node)) as [string, string];
    const refused: ReadonlyArray<readonly [string, (channel: ConfirmChannel) => Promise<unknown>]> = [
      ["consume another's queue", (channel) => channel.consume(otherQueue, () => undefined)],
      ["get from another's queue", (channel) => channel.get(otherQueue)],
      ["bind its queue to another's commands", (channel) => channel.bindQueue(ownQueue, names.commands, routingKey({ type: 'node', ...two }))],
      ['bind its queue to all commands', (channel) => channel.bindQueue(ownQueue, names.commands, '#')],
      ['bind its queue to the reports', (channel) => channel.bindQueue(ownQueue, names.reports, '#')],
      ['make a queue of its own to read by', (channel) => channel.assertQueue('', { exclusive: true })],
      ['read the reports', (channel) => channel.consume(names.reports, () => undefined)],
      ['read the dead letters', (channel) => channel.consume(names.dead, () => undefined)],
      ["delete another's queue", (channel) => channel.deleteQueue(otherQueue)],
      ["purge another's queue", (channel) => channel.purgeQueue(otherQueue)],
      ['delete an exchange that all share', (channel) => channel.deleteExchange(names.reports)],
      ['declare an exchange', (channel) => channel.assertExchange(`${cluster.prefix}.own`, 'topic')],
      ['declare what all share with other arguments', (channel) => channel.assertExchange(names.commands, 'topic', { durable: false })],
      ['give commands', async (channel) => {
        channel.publish(names.commands, routingKey({ type: 'node', ...two }), Buffer.from('{}'));
        await channel.waitForConfirms();
      }],
      ['write past the exchange', async (channel) => {
        channel.publish('', names.presence, Buffer.from('{}'));
        await channel.waitForConfirms();
      }],
    ];
    for (const [deed, attempted] of refused) expect([deed, await attempt(own, attempted)]).toEqual([deed, expect.stringMatching(/40[36]/)]);
    expect(await cluster.jetpack('two', 'log', 'undisturbed')).toMatchObject({ code: 0 });
    await waitFor('what two says', async () => (await cluster.logged()).includes('two: undisturbed'));
  }, 300_000);

  test('a token is good once, for its time, and not at all when it is made up; a name in use before is kept aside', async () => {
    await cluster.startServer();
    const token = await cluster.mint('one');
    expect(await cluster.redeem('one', token)).toMatchObject({ code: 0, stdout: expect.stringContaining('this node is c/one') });
    const before = cluster.connection('one');
    expect(await cluster.redeem('thief', token)).toMatchObject({ code: 1, stderr: 'jetpackd enroll: the token for c/one was used before\n' });
    expect(await cluster.redeem('one', `${'A'.repeat(22)}.${'A'.repeat(43)}`)).toMatchObject({ code: 1, stderr: 'jetpackd enroll: this server knows no such token\n' });
    const brief = await cluster.mint('one', '--expires', '1s');
    await waitFor('a token to expire', async () => {
      const { enrolments } = (await (await fetch(new URL('/api/enrolments', cluster.url))).json()) as { readonly enrolments: ReadonlyArray<{ readonly expiresAt: number }> };
      return (enrolments[0]?.expiresAt ?? Infinity) <= Date.now();
    });
    expect(await cluster.redeem('one', brief)).toMatchObject({ code: 1, stderr: 'jetpackd enroll: the token for c/one came after its time\n' });
    expect(cluster.connection('one')).toEqual(before);
    const other = await cluster.redeem('one', await cluster.mint('other'));
    expect(other.stdout).toMatch(/^the connection\.json that was there is now .*connection\.json\.aside-.*\nthis node is c\/other: /);
  }, 300_000);

  test('a node that is revoked is cut off within seconds, for good, and the others go on', async () => {
    await begun('one', 'two');
    const daemon = cluster.daemonOf('two');
    const began = performance.now();
    expect(await cluster.operate('revoke', '--cluster', clusterName, '--node', 'two')).toMatchObject({ code: 0, stdout: 'the identity of c/two is revoked\n' });
    const ended = await daemon.ended;
    const tookMs = performance.now() - began;
    process.stderr.write(`${kind.title}: a revoked daemon ended ${Math.round(tookMs)} ms after the operator asked for it\n`);
    expect(tookMs).toBeLessThan(cutOffMs);
    expect([ended.code, daemon.stderr()]).toEqual([1, expect.stringContaining('refuses the user name or password')]);
    expect(await cluster.seen('two', ({ identity, link }) => identity === 'revoked' && link === 'silent')).toMatchObject({ node: 'two' });

    const again = cluster.launchNode('two');
    expect([(await again.ended).code, again.stderr()]).toEqual([1, expect.stringContaining('refuses the user name or password')]);
    await expect(connect(cluster.connection('two').url[0]!)).rejects.toThrow();
    const left = [await broker.ctl('list_users'), await broker.ctl('list_queues', 'name'), await broker.ctl('list_connections', 'user')].join('\n');
    expect(left).not.toContain(nodeUser(cluster.prefix, two));
    expect(left).not.toContain(nodeQueue(cluster.prefix, two));

    expect(await cluster.jetpack('one', 'log', 'still here')).toMatchObject({ code: 0 });
    await waitFor('what one says', async () => (await cluster.logged()).includes('one: still here'));
    await cluster.enroll('two');
    await cluster.startNode('two');
    await cluster.seen('two', ({ identity, link }) => identity === 'active' && link === 'online');
  }, 300_000);
});
