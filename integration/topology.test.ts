// What server and nodes put on a broker is what the tables of transport/ say and no more, as rabbitmqctl exports it; and the
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
import { brokersAtHand, startBroker } from './broker/at-hand.ts';
import { bandOf, type TestBroker } from './broker/test-broker.ts';

const prefix = 'some.system';
const names = namesFor(prefix);
const vhost = '/';
/** rabbitmqctl takes seconds to start. */
const slow = 180_000;
const own: NodeAddress = { cluster: 'lab 1', node: 'n.1' };
const other: NodeAddress = { cluster: 'lab 1', node: 'n' };

type Row = Readonly<Record<string, unknown>>;

/** Everything that is declared on a broker, as it would carry it to another. */
interface Definitions {
  readonly exchanges: readonly Row[];
  readonly queues: readonly Row[];
  readonly bindings: readonly Row[];
}

const keyOf = ({ destination, name, routing_key: key, source }: Row): string => JSON.stringify([name, source, destination, key]);

const inOrder = <R extends Row>(rows: readonly R[]): readonly R[] => rows.toSorted((one, two) => (keyOf(one) < keyOf(two) ? -1 : 1));

const wantedArguments = ({ type, deliveryLimit, deadLetter, expiresMs, messageTtlMs, maxLength }: Queue): object =>
  Object.fromEntries(
    Object.entries({
      'x-queue-type': type,
      'x-delivery-limit': deliveryLimit,
      'x-dead-letter-exchange': deadLetter,
      'x-expires': expiresMs,
      'x-message-ttl': messageTtlMs,
      'x-max-length': maxLength,
    }).filter(([, value]) => value !== undefined),
  );

const nodeTopologies = [nodeTopology(prefix, own), nodeTopology(prefix, other)];
const declared: readonly Topology[] = [serverTopology(prefix), ...nodeTopologies];

describe.each(await brokersAtHand())('on $title', (kind) => {
  let broker: TestBroker;
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
    broker = await startBroker(kind);
    for (const topology of declared) await connected(topology);
  }, 180_000);

  afterAll(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    await broker?.dispose();
  });

  test('what is declared there is the table: exchanges, queues and bindings, with their arguments', async () => {
    const { bindings, exchanges, queues } = JSON.parse(await broker.ctl('export_definitions', '-')) as Definitions;
    const wantedExchanges = serverTopology(prefix).exchanges.map(({ name, type, alternate }) => ({
      name,
      vhost,
      type,
      durable: true,
      auto_delete: false,
      arguments: alternate === undefined ? {} : { 'alternate-exchange': alternate },
    }));
    const wantedQueues = declared.flatMap((topology) => topology.queues).map((queue) => ({
      name: queue.name,
      vhost,
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
      vhost,
      destination: queue,
      destination_type: 'queue',
      routing_key: key,
      arguments: {},
    }));
    expect(inOrder(bindings)).toEqual(inOrder(wantedBindings));
  }, slow);

  describe('the policies', () => {
    const set = ({ name, pattern, applyTo, priority, definition }: Policy): Promise<string> =>
      broker.ctl('set_policy', '--apply-to', applyTo, '--priority', `${priority}`, name, pattern, JSON.stringify(definition));

    test('of this version are taken, and hold for the queues that they are meant for', async () => {
      for (const policy of policiesFor(prefix, broker.version)) await set(policy);
      const reports = policiesFor(prefix, broker.version).findLast(({ name }) => name.startsWith(names.reports))?.name ?? '';
      const wanted = [
        { name: names.reports, policy: reports },
        { name: names.presence, policy: '' },
        { name: names.dead, policy: names.dead },
        { name: nodeQueue(prefix, own), policy: `${prefix}.node` },
        { name: nodeQueue(prefix, other), policy: `${prefix}.node` },
      ];
      await waitFor('the policies in force', async () => {
        const rows = JSON.parse(await broker.ctl('list_queues', 'name', 'policy', '--formatter', 'json')) as readonly Row[];
        return JSON.stringify(inOrder(rows)) === JSON.stringify(inOrder(wanted));
      }, slow / 2);
      expect(policiesFor(prefix, broker.version).length).toBeGreaterThanOrEqual(2);
    }, slow);

    test('of later versions are refused, which is why each says from which version it is', async () => {
      const known = new Set(policiesFor(prefix, broker.version).map(({ name }) => name));
      const later = policiesFor(prefix).filter(({ name }) => !known.has(name));
      expect(later.length > 0).toBe(bandOf(broker.version) !== 'from 4.3');
      for (const policy of later) await expect(set(policy)).rejects.toThrow('not recognised policy settings');
      expect(known.size + later.length).toBe(policiesFor(prefix).length);
    }, slow);

    test('change nothing in what is declared: it is declared again over them', async () => {
      for (const topology of declared) expect((await connected(topology)).state).toBe('connected');
    });
  });

  describe('the permissions of a node', () => {
    const user = { user: nodeUser(prefix, own), password: 'not-so-secret-either' };
    let model: ChannelModel;

    beforeAll(async () => {
      const { configure, write, read, topics } = permissionsFor(prefix, own);
      await broker.ctl('add_user', user.user, user.password);
      await broker.ctl('set_permissions', user.user, configure, write, read);
      for (const topic of topics) await broker.ctl('set_topic_permissions', user.user, topic.exchange, topic.write, topic.read);
      model = await connect(broker.url(user));
      model.on('error', () => undefined);
    }, slow);

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
    }, slow);

    test.each<[string, (channel: Channel) => Promise<unknown> | boolean]>([
      ['publish as another node', publish(names.reports, routingKey({ type: 'events', ...other }))],
      ['register as another node', publish(names.reports, routingKey({ type: 'register', ...other }))],
      ['send a command', publish(names.commands, routingKey({ type: 'node', ...other }))],
      ['write into a queue by the default exchange', publish('', nodeQueue(prefix, other))],
      ["consume another's commands", (channel) => channel.consume(nodeQueue(prefix, other), () => undefined)],
      ["read another's commands", (channel) => channel.get(nodeQueue(prefix, other))],
      ['read reports', (channel) => channel.get(names.reports)],
      ['read dead letters', (channel) => channel.get(names.dead)],
      ["bind its queue to another's commands", (channel) => channel.bindQueue(nodeQueue(prefix, own), names.commands, routingKey({ type: 'node', ...other }))],
      ['bind its queue to all commands', (channel) => channel.bindQueue(nodeQueue(prefix, own), names.commands, '#')],
      ['bind its queue to reports', (channel) => channel.bindQueue(nodeQueue(prefix, own), names.reports, 'events.#')],
      ['take the reports away from their queue', (channel) => channel.unbindQueue(names.reports, names.reports, 'events.#')],
      ["take another's queue away", (channel) => channel.deleteQueue(nodeQueue(prefix, other))],
      ["empty another's queue", (channel) => channel.purgeQueue(nodeQueue(prefix, other))],
      ['delete a shared exchange', (channel) => channel.deleteExchange(names.reports)],
      ['declare a shared exchange', (channel) => channel.assertExchange(names.reports, 'topic', { durable: true })],
      ['delete a shared queue', (channel) => channel.deleteQueue(names.reports)],
      ['make a queue of its own liking', (channel) => channel.assertQueue(`${prefix}.mine`)],
    ])('do not let it %s', async (_, work) => {
      expect(await attempt(work)).toBe(403);
    });
  });
});
