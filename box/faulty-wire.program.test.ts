// The whole cluster on a bad network: duplicates, reorder, delay, lost publishes and confirms, disconnects, all from a seed.
import { afterEach, describe, expect, test } from '@jest/globals';
import { backgroundClock, systemClock, type Clock } from '../effects/clock.ts';
import { seededRandom } from '../effects/random.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import { createEmbeddedBroker, type EmbeddedBroker } from '../transport/embedded/broker.ts';
import { FaultyTransport } from '../transport/faulty/transport.ts';
import { serverTopology } from '../transport/topology.ts';
import { apiClient } from './api-client.ts';
import { TestCluster, type OpenTransport } from './testing/cluster.ts';

const faults = { duplicate: 0.2, late: 0.3, lateMs: 200, lostConfirm: 0.1, lostPublish: 0.1, disconnect: 0.03, outageMs: 300 };

/** Time that goes by ten times as fast, for what is lost is sent again after seconds. */
const hurried: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 10,
  after: (ms, run) => backgroundClock.after(ms / 10, run),
};

let cluster: TestCluster;
afterEach(() => cluster.stop());

/** Every connection has faults of its own, which follow from the seed and its place. */
const badNetwork = (broker: EmbeddedBroker, seed: number): OpenTransport => {
  let opened = 0;
  return (name, topology) => {
    opened += 1;
    return new FaultyTransport(broker.connect({ name, topology }), { clock: hurried, random: seededRandom(seed * 1_000 + opened), faults });
  };
};

const numbered = (node: number, count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${node}:${index}`);

describe.each([1, 2, 3])('on a bad network (seed %d)', (seed) => {
  const start = async () => {
    const broker = createEmbeddedBroker({ clock: hurried });
    cluster = await TestCluster.start({ nodes: 2, clock: hurried, open: badNetwork(broker, seed) });
    return broker;
  };

  test('everything accepted is stored once and in order, also over a restart of daemon and server, and every node is ready', async () => {
    await start();
    const sent = [numbered(0, 30), numbered(1, 30)];
    const send = async (messages: readonly string[], node: number): Promise<void> => {
      for (const message of messages) expect(await cluster.log(node, message)).toMatchObject({ ok: true });
    };
    await Promise.all(sent.map((messages, node) => send(messages.slice(0, 20), node)));
    await cluster.server?.stop();
    await cluster.nodes[1]?.stop();
    await send(sent[0]!.slice(20), 0);
    await cluster.startNode(1);
    await cluster.startServer();
    await send(sent[1]!.slice(20), 1);
    await waitFor('everything is stored', async () => (await cluster.messages()).length >= 60);
    const api = apiClient((await cluster.server?.listening) ?? '');
    await waitFor('both nodes are ready and online', async () => (await api.nodes()).filter(({ link, phase }) => link === 'online' && phase === 'ready').length === 2);
    for (const [node, messages] of sent.entries()) expect(await cluster.messages(node)).toEqual(messages);
  });

  test('every message of `jetpack send` arrives, under its own id', async () => {
    const broker = await start();
    const { exchanges } = serverTopology('test');
    const topology = { exchanges, queues: [{ name: 'taken', type: 'classic' as const }], bindings: [{ exchange: 'test.user', queue: 'taken', key: '#' }] };
    const taken = new Set<string>();
    await broker.connect({ name: 'user', topology }).consume('taken', { prefetch: 10 }, ({ messageId }) => {
      taken.add(messageId ?? '');
      return 'ack';
    });
    const ids = Array.from({ length: 10 }, () => cluster.mintId());
    for (const id of ids) {
      const request = { verb: 'send', id, at: 0, routingKey: 'my.key', contentType: 'text/plain', bodyBase64: 'aGk=' } as const;
      expect(await cluster.request(0, request)).toMatchObject({ ok: true });
    }
    await waitFor('every message has arrived', () => taken.size >= ids.length);
    expect([...taken].sort()).toEqual([...ids].sort());
  });
});
