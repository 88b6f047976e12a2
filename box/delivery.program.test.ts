import { afterEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '../effects/testing/wait-for.ts';
import { TestCluster } from './testing/cluster.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const numbered = (node: number, count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${node}:${index}`);

const logAll = async (node: number, messages: readonly string[]): Promise<void> => {
  for (const message of messages) expect(await cluster.log(node, message)).toMatchObject({ ok: true });
};

const stored = (count: number): Promise<readonly string[]> =>
  waitFor(`${count} stored messages`, async () => {
    const messages = await cluster.messages();
    return messages.length >= count && messages;
  });

describe('a message from the socket to the store', () => {
  test('every message of every node is stored once, in the order in which its node accepted it', async () => {
    cluster = await TestCluster.start({ nodes: 3 });
    const sent = [numbered(0, 40), numbered(1, 40), numbered(2, 40)];
    await Promise.all(sent.map((messages, node) => logAll(node, messages)));
    expect(await stored(120)).toHaveLength(120);
    for (const [node, messages] of sent.entries()) expect(await cluster.messages(node)).toEqual(messages);
  });

  test('what is accepted while the server is away is stored when it comes back', async () => {
    cluster = await TestCluster.start({ nodes: 2 });
    await logAll(0, ['before']);
    await stored(1);
    await cluster.server?.stop();
    await logAll(0, ['meanwhile']);
    await logAll(1, ['also meanwhile']);
    await cluster.startServer();
    expect([...(await stored(3))].sort()).toEqual(['also meanwhile', 'before', 'meanwhile']);
  });

  test('what a daemon accepted is sent by the next one when it stops before the server had it', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    await waitFor('the first phase in the store', async () => (await cluster.events()).length > 0);
    await cluster.server?.stop();
    await logAll(0, ['left behind']);
    await cluster.nodes[0]?.stop();
    await cluster.startServer();
    await cluster.startNode(0);
    await logAll(0, ['after it']);
    expect(await stored(2)).toEqual(['left behind', 'after it']);
  });

  test('the same id by the socket twice is one message', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    const request = { verb: 'log', id: cluster.mintId(), at: Date.now(), level: 'warn', priority: 'high', message: 'once' } as const;
    expect(await cluster.request(0, request)).toMatchObject({ ok: true });
    expect(await cluster.request(0, request)).toMatchObject({ ok: true });
    await logAll(0, ['the end']);
    expect(await stored(2)).toEqual(['once', 'the end']);
  });

  test('a user message that nobody takes leaves as a reported failure and holds up nothing behind it', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    const id = cluster.mintId();
    const request = { verb: 'send', id, at: Date.now(), routingKey: 'no.body', contentType: 'text/plain', bodyBase64: 'aGk=' } as const;
    expect(await cluster.request(0, request)).toMatchObject({ ok: true });
    const event = await waitFor('the report', async () => (await cluster.events()).find(({ kind }) => kind === 'undelivered'));
    expect(event).toMatchObject({ level: 'warn', message: expect.stringContaining('no.body') });
    expect(event.message).toContain(id);
    await logAll(0, ['behind it']);
    expect(await stored(1)).toEqual(['behind it']);
  });
});

describe('the roster', () => {
  test('a node is listed as ready and online with what it says of itself', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    const base = (await cluster.server?.listening) ?? '';
    const node = await waitFor('a ready node', async () => {
      const answer = (await (await fetch(`${base}/api/nodes`)).json()) as { nodes: Array<{ phase: string; link: string }> };
      return answer.nodes.find(({ phase, link }) => phase === 'ready' && link === 'online');
    });
    expect(node).toMatchObject({ cluster: 'c', node: 'node-0', hostname: 'node-0', instanceId: 'instance-0', version: '1.0.0' });
  });

  test('a node whose heartbeats end is silent, and is heard again when they go on', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    const base = (await cluster.server?.listening) ?? '';
    const linkIs = (wanted: string) =>
      waitFor(`a node that is ${wanted}`, async () => {
        const answer = (await (await fetch(`${base}/api/nodes`)).json()) as { nodes: Array<{ link: string; outbox?: number }> };
        // What only a heartbeat tells is there: how soon the next one is due is known then.
        return answer.nodes[0]?.link === wanted && answer.nodes[0].outbox !== undefined;
      });
    await linkIs('online');
    await cluster.nodes[0]?.stop();
    await linkIs('silent');
    await cluster.startNode(0);
    await linkIs('online');
  });

  test('a server that starts anew knows its nodes from the store and hears them without being asked', async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    await waitFor('the phase ready', async () => (await cluster.events()).some(({ message }) => message.startsWith('phase ready')));
    await cluster.server?.stop();
    await cluster.startServer();
    const base = (await cluster.server?.listening) ?? '';
    await waitFor('the node online', async () => {
      const answer = (await (await fetch(`${base}/api/nodes`)).json()) as { nodes: Array<{ link: string; phase: string }> };
      return answer.nodes.length === 1 && answer.nodes[0]?.link === 'online' && answer.nodes[0].phase === 'ready';
    });
  });
});
