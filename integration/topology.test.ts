// What server and nodes put on a broker is what the tables of transport/ say and no more, as the broker exports it; and the
// broker reads policies and permissions as the tables mean them.
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../effects/clock.ts';
import { systemRandom } from '../effects/random.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import type { NodeAddress } from '../protocol/identity.ts';
import { routingKey } from '../protocol/routing.ts';
import { connectAlone } from '../supervisors/testing/connect-alone.ts';
import { permissionsFor } from '../transport/permissions.ts';
import { policiesFor, type Policy } from '../transport/policies.ts';
import type { Transport, TransportStatus } from '../transport/port.ts';
import { namesFor, nodeQueue, nodeTopology, nodeUser, serverTopology, type Queue, type Topology } from '../transport/topology.ts';
import { brokersAtHand } from './broker/at-hand.ts';
import type { DefinitionRow } from './broker/shared/management.ts';
import { SharedBroker } from './broker/shared/shared-broker.ts';
import { bandOf } from './broker/test-broker.ts';

const prefix = 'some.system';
const names = namesFor(prefix);
const patienceMs = 60_000;
const own: NodeAddress = { cluster: 'lab 1', node: 'n.1' };
const other: NodeAddress = { cluster: 'lab 1', node: 'n' };

const keyOf = ({ destination, name, routing_key: key, source }: DefinitionRow): string => JSON.stringify([name, source, destination, key]);

const inOrder = <R extends DefinitionRow>(rows: readonly R[]): readonly R[] => rows.toSorted((one, two) => (keyOf(one) < keyOf(two) ? -1 : 1));

const wantedArguments = ({ type, deliveryLimit, deadLetter, expiresMs, messageTtlMs, maxLength, singleActive }: Queue): object =>
  Object.fromEntries(
    Object.entries({
      'x-queue-type': type,
      'x-delivery-limit': deliveryLimit,
      'x-dead-letter-exchange': deadLetter,
      'x-expires': expiresMs,
      'x-message-ttl': messageTtlMs,
      'x-max-length': maxLength,
      'x-single-active-consumer': singleActive,
    }).filter(([, value]) => value !== undefined),
  );

const nodeTopologies = [nodeTopology(prefix, own), nodeTopology(prefix, other)];
const declared: readonly Topology[] = [serverTopology(prefix), ...nodeTopologies];

describe.each(await brokersAtHand())('on $title', (kind) => {
  let broker: SharedBroker;
  const transports: Transport[] = [];

  const connected = async (topology: Topology, user?: { user: string; password: string }): Promise<Transport> => {
    const transport = connectAlone({ name: 'topology', topology, urls: [broker.url(user)], clock: systemClock, random: systemRandom });
    transports.push(transport);
    let last: TransportStatus | undefined;
    transport.onStatus((status) => void (last = status));
    const isConnected = (): boolean => {
      if (transport.state === 'connected') return true;
      throw new Error(JSON.stringify(last));
    };
    await waitFor('a connection', isConnected, 60_000);
    return transport;
  };

  beforeAll(async () => {
    broker = await SharedBroker.borrow(kind.name);
    for (const topology of declared) await connected(topology);
  }, 180_000);

  afterAll(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    await broker?.dispose();
  });

  test('what is declared there is the table: exchanges, queues and bindings, with their arguments', async () => {
    const { bindings, exchanges, queues } = await broker.management.definitions();
    const wantedExchanges = serverTopology(prefix).exchanges.map(({ name, type, alternate }) => ({
      name,
      type,
      durable: true,
      auto_delete: false,
      arguments: alternate === undefined ? {} : { 'alternate-exchange': alternate },
    }));
    const wantedQueues = declared.flatMap((topology) => topology.queues).map((queue) => ({
      name: queue.name,
      durable: true,
      auto_delete: false,
      arguments: wantedArguments(queue),
    }));
    // Some versions list what comes with the broker as well.
    const made = exchanges.filter(({ name }) => !String(name).startsWith('amq.'));
    for (const [found, wanted] of [[made, wantedExchanges], [queues, wantedQueues]] as const) {
      // A version may tell more of it, a queue's type for one; its arguments are those it was given.
      expect(inOrder(found)).toMatchObject(inOrder(wanted));
      expect(inOrder(found).map((row) => row['arguments'])).toEqual(inOrder(wanted).map((row) => row.arguments));
    }
    const wantedBindings = declared.flatMap((topology) => topology.bindings).map(({ exchange, queue, key }) => ({
      source: exchange,
      destination: queue,
      destination_type: 'queue',
      routing_key: key,
      arguments: {},
    }));
    expect(inOrder(bindings)).toEqual(inOrder(wantedBindings));
  });

  describe('the policies', () => {
    const set = ({ name, pattern, applyTo, priority, definition }: Policy): Promise<void> =>
      broker.management.setPolicy(name, { pattern, 'apply-to': applyTo, priority, definition });

    test('of this version are taken, and hold for the queues that they are meant for', async () => {
      for (const policy of policiesFor(prefix, broker.version)) await set(policy);
      const reports = policiesFor(prefix, broker.version).findLast(({ name }) => name.startsWith(names.events))?.name ?? '';
      const wanted = [
        { name: names.events, policy: reports },
        { name: names.presence, policy: '' },
        { name: names.dead, policy: names.dead },
        { name: nodeQueue(prefix, own), policy: `${prefix}.node` },
        { name: nodeQueue(prefix, other), policy: `${prefix}.node` },
      ];
      await waitFor('the policies in force', async () => {
        const rows = (await broker.management.queues()).map(({ name, policy }) => ({ name, policy: policy ?? '' }));
        expect(inOrder(rows)).toEqual(inOrder(wanted));
        return true;
      }, patienceMs);
      expect(policiesFor(prefix, broker.version).length).toBeGreaterThanOrEqual(2);
    });

    test('of later versions are refused, which is why each says from which version it is', async () => {
      const known = new Set(policiesFor(prefix, broker.version).map(({ name }) => name));
      const later = policiesFor(prefix).filter(({ name }) => !known.has(name));
      expect(later.length > 0).toBe(bandOf(broker.version) !== 'from 4.3');
      for (const policy of later) await expect(set(policy)).rejects.toThrow('not recognised policy settings');
      expect(known.size + later.length).toBe(policiesFor(prefix).length);
    });

    test('change nothing in what is declared: it is declared again over them', async () => {
      for (const topology of declared) expect((await connected(topology)).state).toBe('connected');
    });
  });

  describe('the permissions of a node', () => {
    const user = { user: nodeUser(prefix, own), password: 'not-so-secret-either' };
    let model: ChannelModel;

    beforeAll(async () => {
      const { configure, write, read, topics } = permissionsFor(prefix, own);
      await broker.addUser(user.user, user.password, { permissions: { configure, write, read } });
      for (const { exchange, ...topic } of topics) await broker.management.setTopicPermissions(user.user, exchange, topic);
      model = await connect(broker.url(user));
      model.on('error', () => undefined);
    });

    afterAll(() => model?.close());

    /** Its reply code when the broker refuses it, `done` when it does not. */
    const attempt = async (work: (channel: Channel) => Promise<unknown> | boolean): Promise<number | 'done'> => {
      const channel = await model.createConfirmChannel();
      const refused = new Promise<number>((resolve) => void channel.once('error', (error: { code: number }) => resolve(error.code)));
      const done = async (): Promise<'done'> => {
        await work(channel);
        await channel.waitForConfirms();
        await channel.close();
        return 'done';
      };
      return Promise.race([refused, done().catch(() => refused)]);
    };

    const publish = (exchange: string, key: string) => (channel: Channel) => channel.publish(exchange, key, Buffer.from('x'), { expiration: 1 });

    test('let it declare its topology and publish as itself', async () => {
      const node = await connected(nodeTopology(prefix, own), user);
      for (const type of ['events', 'register', 'heartbeat', 'watch'] as const) {
        const message = { exchange: names.reports, routingKey: routingKey({ type, ...own }), body: Buffer.from('x'), messageId: type, persistent: false };
        expect(await node.publish(message)).toEqual({ outcome: 'confirmed' });
      }
      const toUser = { exchange: names.user, routingKey: 'any.words', body: Buffer.from('x'), messageId: 'user', persistent: false };
      expect(await node.publish(toUser)).toEqual({ outcome: 'unroutable' });
      expect(await attempt((channel) => channel.get(nodeQueue(prefix, own)))).toBe('done');
    });

    test.each<[string, (channel: Channel) => Promise<unknown> | boolean]>([
      ['publish as another node', publish(names.reports, routingKey({ type: 'events', ...other }))],
      ['register as another node', publish(names.reports, routingKey({ type: 'register', ...other }))],
      ['send a command', publish(names.commands, routingKey({ type: 'node', ...other }))],
      ['write into a queue by the default exchange', publish('', nodeQueue(prefix, other))],
      ["consume another's commands", (channel) => channel.consume(nodeQueue(prefix, other), () => undefined)],
      ["read another's commands", (channel) => channel.get(nodeQueue(prefix, other))],
      ['read reports', (channel) => channel.get(names.events)],
      ['read dead letters', (channel) => channel.get(names.dead)],
      ["bind its queue to another's commands", (channel) => channel.bindQueue(nodeQueue(prefix, own), names.commands, routingKey({ type: 'node', ...other }))],
      ['bind its queue to all commands', (channel) => channel.bindQueue(nodeQueue(prefix, own), names.commands, '#')],
      ['bind its queue to reports', (channel) => channel.bindQueue(nodeQueue(prefix, own), names.reports, 'events.#')],
      ['take the reports away from their queue', (channel) => channel.unbindQueue(names.events, names.reports, 'events.#')],
      ['bind the queue of reports to what it may read', (channel) => channel.bindQueue(names.events, names.commands, routingKey({ type: 'node', ...own }))],
      ['bind the queue of reports to what it may write', (channel) => channel.bindQueue(names.events, names.user, '#')],
      ["take another's queue away", (channel) => channel.deleteQueue(nodeQueue(prefix, other))],
      ["empty another's queue", (channel) => channel.purgeQueue(nodeQueue(prefix, other))],
      ['delete a shared exchange', (channel) => channel.deleteExchange(names.reports)],
      ['declare a shared exchange', (channel) => channel.assertExchange(names.reports, 'topic', { durable: true })],
      ['delete a shared queue', (channel) => channel.deleteQueue(names.events)],
      ['make a queue of its own liking', (channel) => channel.assertQueue(`${prefix}.mine`)],
    ])('do not let it %s', async (_, work) => {
      expect(await attempt(work)).toBe(403);
    });
  });
});
