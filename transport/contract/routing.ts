import { expect, test } from '@jest/globals';
import type { Topology } from '../topology.ts';
import { collect, connected, message, outcomes, statusesOf, topicTopology, until, type World } from './world.ts';

/** A topic exchange `user` whose alternate is the fanout `unrouted`; `bound` binds the queue `spill` to the alternate. */
const alternateTopology = (prefix: string, bound: boolean): Topology => ({
  exchanges: [
    { name: `${prefix}.unrouted`, type: 'fanout' },
    { name: `${prefix}.user`, type: 'topic', alternate: `${prefix}.unrouted` },
  ],
  queues: [{ name: `${prefix}.spill`, type: 'classic' }],
  bindings: bound ? [{ exchange: `${prefix}.unrouted`, queue: `${prefix}.spill`, key: '' }] : [],
});

export const routingContract = (world: () => World): void => {
  test('a key without wildcards is matched word for word', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topicTopology(prefix, [{ name: 'q', type: 'classic' }], { q: 'node.c1.n1' })));
    const got = await collect(transport, `${prefix}.q`);
    const publishes = ['node.c1', 'node.c1.n2', 'node.c1.n1.x', 'node.c1.n1'].map((key) => transport.publish(message(`${prefix}.x`, key, key)));
    expect(await outcomes(publishes)).toEqual(['unroutable', 'unroutable', 'unroutable', 'confirmed']);
    await got.arrived(1);
    expect(got.bodies()).toEqual(['node.c1.n1']);
  });

  test('`*` stands for one word, `#` for any number of words', async () => {
    const { prefix, link } = world();
    const queues = ['one', 'many'].map((name) => ({ name, type: 'classic' }) as const);
    const keys = { one: 'presence.*.*.heartbeat', many: 'presence.#' };
    const transport = await connected(link(topicTopology(prefix, queues, keys)));
    const ofOne = await collect(transport, `${prefix}.one`);
    const ofMany = await collect(transport, `${prefix}.many`);
    const sent = ['presence', 'presence.c.heartbeat', 'presence.c.n.heartbeat', 'presence.c.n.m.heartbeat', 'presences.c'];
    const told = await outcomes(sent.map((key) => transport.publish(message(`${prefix}.x`, key, key))));
    expect(told).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed', 'unroutable']);
    await Promise.all([ofOne.arrived(1), ofMany.arrived(4)]);
    expect(ofOne.bodies()).toEqual(['presence.c.n.heartbeat']);
    expect(ofMany.bodies()).toEqual(sent.slice(0, 4));
  });

  test('a fanout exchange gives every bound queue its own copy, whatever the key', async () => {
    const { prefix, link } = world();
    const queues = ['a', 'b'].map((name) => ({ name: `${prefix}.${name}`, type: 'classic' }) as const);
    const bindings = queues.map(({ name }) => ({ exchange: `${prefix}.all`, queue: name, key: 'ignored' }));
    const transport = await connected(link({ exchanges: [{ name: `${prefix}.all`, type: 'fanout' }], queues, bindings }));
    const [a, b] = await Promise.all(queues.map(({ name }) => collect(transport, name)));
    expect(await transport.publish(message(`${prefix}.all`, 'any.key', 'copied'))).toEqual({ outcome: 'confirmed' });
    await Promise.all([a!.arrived(1), b!.arrived(1)]);
    a!.deliveries[0]!.body.fill(0);
    expect(b!.bodies()).toEqual(['copied']);
  });

  test('a queue with two matching bindings gets a message once', async () => {
    const { prefix, link } = world();
    const topology = topicTopology(prefix, [{ name: 'q', type: 'classic' }], { q: 'a.#' });
    const second = { exchange: `${prefix}.x`, queue: `${prefix}.q`, key: '*.b' };
    const transport = await connected(link({ ...topology, bindings: [...topology.bindings, second] }));
    const got = await collect(transport, `${prefix}.q`);
    await outcomes([transport.publish(message(`${prefix}.x`, 'a.b', 'twice?')), transport.publish(message(`${prefix}.x`, 'a.c', 'after'))]);
    await got.arrived(2);
    expect(got.bodies()).toEqual(['twice?', 'after']);
  });

  test('an unroutable publish is told apart from a confirmed one, also when both share a message id', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topicTopology(prefix, [{ name: 'q', type: 'quorum' }], { q: 'known.#' })));
    const keys = ['known.a', 'lost', 'known.b', 'lost', 'lost', 'known.c'];
    const publishes = keys.map((key) => transport.publish(message(`${prefix}.x`, key, key, { messageId: 'same' })));
    expect(await outcomes(publishes)).toEqual(['confirmed', 'unroutable', 'confirmed', 'unroutable', 'unroutable', 'confirmed']);
  });

  test('an exchange outside the topology makes a publish unroutable and harms no other', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topicTopology(prefix, [{ name: 'q', type: 'classic' }])));
    const told = await outcomes([
      transport.publish(message(`${prefix}.x`, 'before')),
      transport.publish(message(`${prefix}.nowhere`, 'lost')),
      transport.publish(message(`${prefix}.x`, 'after')),
    ]);
    expect(told).toEqual(['confirmed', 'unroutable', 'confirmed']);
    expect(transport.state).toBe('connected');
  });

  test('while no queue is bound to the alternate exchange, a publish it would take is still unroutable', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(alternateTopology(prefix, false)));
    expect(await transport.publish(message(`${prefix}.user`, 'job.done'))).toEqual({ outcome: 'unroutable' });
  });

  test('with a queue bound to the alternate exchange, it takes what the first cannot route, under its own exchange and key', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(alternateTopology(prefix, true)));
    const spilt = await collect(transport, `${prefix}.spill`);
    expect(await transport.publish(message(`${prefix}.user`, 'job.done', 'kept'))).toEqual({ outcome: 'confirmed' });
    await spilt.arrived(1);
    expect(spilt.bodies()).toEqual(['kept']);
    expect(spilt.deliveries[0]).toMatchObject({ exchange: `${prefix}.user`, routingKey: 'job.done', queue: `${prefix}.spill` });
  });

  test('a queue that exists with another argument ends the transport, naming the queue and the argument', async () => {
    const { prefix, link } = world();
    await connected(link(topicTopology(prefix, [{ name: 'q', type: 'classic', maxLength: 10 }])));
    const { transport } = await link(topicTopology(prefix, [{ name: 'q', type: 'classic', maxLength: 20 }]));
    const statuses = statusesOf(transport);
    await until('the mismatch is told', () => transport.state === 'failed');
    expect(statuses.at(-1)).toMatchObject({ type: 'failed', code: 'topology_mismatch', reason: expect.stringContaining(`${prefix}.q`) });
    expect(JSON.stringify(statuses.at(-1))).toMatch(/max-?length/i);
    expect(await transport.publish(message(`${prefix}.x`, 'k'))).toEqual({ outcome: 'closed' });
  });
};
