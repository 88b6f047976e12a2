// The users of two nodes on live brokers, without any program: what one may not do, what it may do without need, and what is left of it
// when it is revoked.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib';
import type { BrokerAdmin } from '../../actors/server/enrolment-ports.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { routingKey } from '../../protocol/routing.ts';
import { brokerAdmin } from '../../server/broker-admin/broker-admin.ts';
import { ManagementClient } from '../../server/broker-admin/management-client.ts';
import { message, outcomes } from '../../transport/contract/world.ts';
import type { Transport } from '../../transport/port.ts';
import { namesFor, nodeQueue, nodeTopology, nodeUser, serverTopology } from '../../transport/topology.ts';
import { brokersAtHand } from '../broker/at-hand.ts';
import { administer } from '../contract/amqp-world.ts';
import { reaches, useBroker } from '../faults/broker-world.ts';
import { attempt, publishing, type Deed } from './deeds.ts';

/** Of the broker, from the answer to a revocation on. */
const cutMs = 5_000;

const one = { cluster: 'c', node: 'one' };
const two = { cluster: 'c', node: 'two' };
const password = randomBytes(16).toString('hex');
const goOn = new AbortController().signal;
const body = Buffer.from('{}');

describe.each(await brokersAtHand())('on $title:', (kind) => {
  const world = useBroker(kind);
  const prefix = `user-${randomBytes(6).toString('hex')}`;
  const names = namesFor(prefix);
  const [ownQueue, otherQueue] = [nodeQueue(prefix, one), nodeQueue(prefix, two)];
  const [ownKey, otherKey] = [routingKey({ type: 'events', ...one }), routingKey({ type: 'events', ...two })];
  const toOwn = routingKey({ type: 'node', ...one });
  const as = (node: typeof one) => ({ user: nodeUser(prefix, node), password });
  let admin: BrokerAdmin;
  let own: ChannelModel;

  /** What is declared on the broker, whatever its order. */
  const declared = async (): Promise<readonly string[]> =>
    Object.values(await world.broker().management.definitions())
      .flat()
      .filter((row: unknown) => typeof row === 'object')
      .map((row) => JSON.stringify(row))
      .toSorted();

  const opened = async (...[topology, options]: Parameters<typeof world.open>): Promise<Transport> => {
    const transport = world.open(topology, options);
    await reaches(transport, 'connected');
    return transport;
  };
  const asNode = (node: typeof one): Promise<Transport> => opened(nodeTopology(prefix, node), { urls: [world.broker().url(as(node))] });

  /** There is such a user, and its queue. */
  const grant = async (node: typeof one): Promise<void> => {
    const granted = await admin.grant(node, password, goOn);
    if (!granted.ok) throw new Error(granted.error.message);
    await (await asNode(node)).close();
  };

  let without: readonly string[];

  beforeAll(async () => {
    const { managementUrl, password: secret, user, vhost } = world.broker();
    admin = brokerAdmin(new ManagementClient({ base: `${managementUrl}/`, user, password: secret }, {}), { prefix, user, vhost });
    await (await opened(serverTopology(prefix))).close();
    await grant(two);
    without = await declared();
    await grant(one);
    own = await connect(world.broker().url(as(one)));
    own.on('error', () => undefined);
  }, 120_000);

  afterAll(async () => {
    await own?.close().catch(() => undefined);
    for (const node of [one, two]) await world.broker().management.deleteUser(nodeUser(prefix, node));
  });

  test('a node publishes with its own keys, by its own user or none', async () => {
    expect(await attempt(own, publishing(names.reports, otherKey, body))).toContain('403');
    expect(await attempt(own, publishing(names.reports, ownKey, body, nodeUser(prefix, two)))).toContain('406');
    // The server refuses the second.
    for (const user of [nodeUser(prefix, one), undefined]) expect(await attempt(own, publishing(names.reports, ownKey, body, user))).toBe('ok');
    await administer(world.broker().url(), async (model) => (await model.createChannel()).purgeQueue(names.events));
  });

  test("a node cannot read what is another's, nor touch what all share", async () => {
    const refused: ReadonlyArray<readonly [string, Deed]> = [
      ["consume another's queue", (channel) => channel.consume(otherQueue, () => undefined)],
      ["get from another's queue", (channel) => channel.get(otherQueue)],
      ["bind its queue to another's commands", (channel) => channel.bindQueue(ownQueue, names.commands, routingKey({ type: 'node', ...two }))],
      ['bind its queue to all commands', (channel) => channel.bindQueue(ownQueue, names.commands, '#')],
      ['bind its queue to the reports', (channel) => channel.bindQueue(ownQueue, names.reports, '#')],
      ['make a queue of its own to read by', (channel) => channel.assertQueue('', { exclusive: true })],
      ['read the reports', (channel) => channel.consume(names.events, () => undefined)],
      ['read the dead letters', (channel) => channel.consume(names.dead, () => undefined)],
      ["delete another's queue", (channel) => channel.deleteQueue(otherQueue)],
      ["purge another's queue", (channel) => channel.purgeQueue(otherQueue)],
      ["purge the server's queue", (channel) => channel.purgeQueue(names.events)],
      ["delete the server's queue", (channel) => channel.deleteQueue(names.events)],
      ["declare the server's queue with other arguments", (channel) => channel.assertQueue(names.events, { arguments: { 'x-queue-type': 'classic' } })],
      ['take the reports away from their queue', (channel) => channel.unbindQueue(names.events, names.reports, 'events.#')],
      ["bind the server's queue to its own commands", (channel) => channel.bindQueue(names.events, names.commands, toOwn)],
      ["bind the server's queue to its cluster's commands", (channel) => channel.bindQueue(names.events, names.commands, routingKey({ type: 'cluster', cluster: one.cluster }))],
      ["bind the server's queue to another's commands", (channel) => channel.bindQueue(names.events, names.commands, routingKey({ type: 'node', ...two }))],
      ["bind the server's queue to all commands", (channel) => channel.bindQueue(names.events, names.commands, '#')],
      ["bind the server's queue to what programs send", (channel) => channel.bindQueue(names.events, names.user, '#')],
      ['bind the dead letters to its commands', (channel) => channel.bindQueue(names.dead, names.commands, toOwn)],
      ["bind another's queue to its commands", (channel) => channel.bindQueue(otherQueue, names.commands, toOwn)],
      ['bind the commands to what it may publish', (channel) => channel.bindExchange(names.commands, names.user, '#')],
      ['delete an exchange that all share', (channel) => channel.deleteExchange(names.reports)],
      ['declare an exchange', (channel) => channel.assertExchange(`${prefix}.own`, 'topic')],
      ['declare what all share with other arguments', (channel) => channel.assertExchange(names.commands, 'topic', { durable: false })],
      ['give commands', publishing(names.commands, routingKey({ type: 'node', ...two }), body)],
      ['write past the exchange', publishing('', names.presence, body)],
    ];
    for (const [deed, attempted] of refused) expect([deed, await attempt(own, attempted)]).toEqual([deed, expect.stringMatching(/40[36]/)]);
  });

  test('what a node may do without need: its messages reach the reports with any key, but never by another user; and what it binds to its own commands brings none of them there', async () => {
    const allowed: ReadonlyArray<readonly [string, Deed]> = [
      ["an exchange of its queue's name", (channel) => channel.assertExchange(ownQueue, 'topic', { durable: true })],
      ['the reports bound to that', (channel) => channel.bindExchange(names.reports, ownQueue, '#')],
      ['the reports bound to its commands', (channel) => channel.bindExchange(names.reports, names.commands, toOwn, { 'made by': 'a node' })],
      ['what programs send bound to its commands', (channel) => channel.bindExchange(names.user, names.commands, toOwn)],
    ];
    for (const [deed, attempted] of allowed) expect([deed, await attempt(own, attempted)]).toEqual([deed, 'ok']);
    expect(await attempt(own, publishing(ownQueue, otherKey, body, nodeUser(prefix, two)))).toContain('406');
    for (const user of [nodeUser(prefix, one), undefined]) expect(await attempt(own, publishing(ownQueue, otherKey, body, user))).toBe('ok');
    await administer(world.broker().url(), async (model) => {
      const channel = await model.createConfirmChannel();
      await publishing(names.commands, toOwn, body, world.broker().user)(channel);
      // Behind the command, which no queue of reports has taken: its key is none of theirs.
      await publishing(names.reports, ownKey, body, world.broker().user)(channel);
      const got: ConsumeMessage[] = [];
      await channel.consume(names.events, (delivery) => void (delivery !== null && got.push(delivery)), { noAck: true });
      await waitFor('all of them', () => got.length >= 3);
      // A message that names no user, and one that names another, the server refuses.
      expect(got.map(({ fields, properties }) => [fields.routingKey, properties.userId])).toEqual([
        [otherKey, nodeUser(prefix, one)],
        [otherKey, undefined],
        [ownKey, world.broker().user],
      ]);
    });
  });

  test('a node that is revoked is cut off within seconds, leaves nothing of what it made, and the others go on', async () => {
    const dropped = once(own, 'close');
    const since = performance.now();
    expect(await admin.revoke(one, goOn)).toEqual({ ok: true, value: undefined });
    await dropped;
    expect(performance.now() - since).toBeLessThan(cutMs);
    await expect(connect(world.broker().url(as(one)))).rejects.toThrow(/403|ACCESS/i);
    expect(await declared()).toEqual(without);
    expect(await world.broker().management.users()).not.toContain(nodeUser(prefix, one));
    const other = await asNode(two);
    expect(await outcomes([other.publish(message(names.reports, otherKey))])).toEqual(['confirmed']);
    // Twice is the same.
    expect(await admin.revoke(one, goOn)).toEqual({ ok: true, value: undefined });
  });
});
