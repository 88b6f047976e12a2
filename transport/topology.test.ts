import { describe, expect, test } from '@jest/globals';
import { permissionsFor } from './permissions.ts';
import { policiesFor } from './policies.ts';
import { namesFor, nodeQueue, nodeTopology, serverTopology } from './topology.ts';

const address = { cluster: 'a', node: 'b' };

describe('the topology', () => {
  test('has a node look up the exchanges that it uses, as the server declares them', () => {
    const server = serverTopology('p').exchanges;
    const { exchanges } = nodeTopology('p', address);
    const used = server.filter(({ name }) => ['p.reports', 'p.commands', 'p.user'].includes(name));
    expect(exchanges).toEqual(used.map((exchange) => ({ ...exchange, owned: false })));
    expect(server.filter(({ owned }) => owned === false)).toEqual([]);
  });

  test('names no exchange to a node with which its permissions let it do nothing', () => {
    const { configure, read, write } = permissionsFor('p', address);
    const usable = (name: string): boolean => [configure, read, write].some((pattern) => new RegExp(pattern).test(name));
    expect(nodeTopology('p', address).exchanges.filter(({ name }) => !usable(name))).toEqual([]);
  });

  test('binds and dead-letters to what it declares', () => {
    for (const { exchanges, queues, bindings } of [serverTopology('p'), nodeTopology('p', address)]) {
      const declared = exchanges.map(({ name }) => name);
      for (const { exchange } of bindings) expect(declared).toContain(exchange);
      expect(declared).toEqual(expect.arrayContaining(queues.flatMap(({ deadLetter }) => deadLetter ?? [])));
      for (const { queue } of bindings) expect(queues.map(({ name }) => name)).toContain(queue);
    }
  });

  test('gives every shared quorum queue a delivery limit and a place for what passes it', () => {
    for (const queue of serverTopology('p').queues.filter(({ type }) => type === 'quorum')) {
      expect(queue.deliveryLimit).toBeGreaterThan(0);
      expect(queue.deadLetter).toBe(namesFor('p').dead);
    }
  });
});

describe('the policies', () => {
  /** As the broker chooses: the one of the highest priority whose pattern the name matches. */
  const forQueue = (name: string, version?: string) =>
    policiesFor('p.q', version)
      .filter(({ pattern }) => new RegExp(pattern).test(name))
      .toSorted((one, two) => two.priority - one.priority)[0];

  test.each([
    ['3.10.8', undefined],
    ['3.11.28', undefined],
    ['3.12.0', 'p.q.events'],
    ['4.0.5', 'p.q.events'],
    ['4.3.0', 'p.q.events'],
    ['4.3.1', 'p.q.events.retry'],
    ['4.10.0', 'p.q.events.retry'],
    ['5', 'p.q.events.retry'],
    ['4.3.1-rc.1', 'p.q.events.retry'],
  ])('on %s leave the reports to %s', (version, name) => {
    expect(forQueue('p.q.events', version)?.name).toBe(name);
  });

  test('for later versions repeat what the earlier one said of the same queue', () => {
    expect(forQueue('p.q.events', '4.3.1')?.definition).toMatchObject(forQueue('p.q.events', '4.0.5')?.definition ?? { none: true });
  });

  test('for nodes hold for the queue of every node of this prefix and for no other', () => {
    for (const node of ['b', 'b.c', 'node', 'ü']) expect(forQueue(nodeQueue('p.q', { cluster: 'a', node }))?.name).toBe('p.q.node');
    for (const queue of [nodeQueue('p.q.node', address), nodeQueue('pxq', address), nodeQueue('x.p.q', address), 'p.q.node.a', 'p.q.presence']) {
      expect(forQueue(queue)).toBeUndefined();
    }
  });

  test('set nothing that a queue has as an argument, where the smaller would win unseen', () => {
    const policed = new Set(policiesFor('p').flatMap(({ definition }) => Object.keys(definition)));
    const { queues } = serverTopology('p');
    expect(queues.find(({ name }) => name === 'p.dead')?.messageTtlMs).toBeUndefined();
    expect(policed).not.toContain('delivery-limit');
    expect(policed).not.toContain('dead-letter-exchange');
    expect(policed).not.toContain('expires');
  });
});
