import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { nodeAddress, type NodeAddress } from '../protocol/identity.ts';
import { routingKey } from '../protocol/routing.ts';
import { permissionsFor, strayBindings, type Permissions } from './permissions.ts';
import { namesFor, nodeQueue, nodeTopology, nodeUser, serverTopology } from './topology.ts';

/** As the broker reads a permission: the expression matches somewhere in the text. */
const allows = (pattern: string, text: string): boolean => new RegExp(pattern, 's').test(text);

/** A topic exchange without a limit takes every key. */
const allowsKey = ({ topics }: Permissions, exchange: string, verb: 'read' | 'write', key: string): boolean => {
  const limit = topics.find((topic) => topic.exchange === exchange);
  return limit === undefined || allows(limit[verb], key);
};

const keysOf = (address: NodeAddress): string[] =>
  (['events', 'register', 'heartbeat', 'watch'] as const).map((type) => routingKey({ type, ...address }));

const awkward = ['a', 'a.b', 'a~2eb', 'a-b', 'A', 'ab', 'b', '.', '*', '#', '(a|b)', '^a$', '[a]', 'a+', 'a\\', 'a{1}', '{username}', 'lab 1', 'ü'];
const name = fc.oneof(fc.constantFrom(...awkward), fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }));
const address = fc.record({ cluster: name, node: name }).filter((candidate) => nodeAddress.safeParse(candidate).success);
const prefix = fc.oneof(fc.constantFrom('jetpack', 'a', 'a.b', 'a-b', 'a.', '.'), fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/));

describe('the permissions of a node', () => {
  test('allow all that its topology and its routing keys need', () => {
    fc.assert(
      fc.property(prefix, address, (system, own) => {
        const permissions = permissionsFor(system, own);
        const names = namesFor(system);
        const { queues, bindings } = nodeTopology(system, own);
        for (const queue of queues) for (const verb of ['configure', 'write', 'read'] as const) expect(allows(permissions[verb], queue.name)).toBe(true);
        for (const { exchange, key } of bindings) {
          expect(allows(permissions.read, exchange)).toBe(true);
          expect(allowsKey(permissions, exchange, 'read', key)).toBe(true);
        }
        for (const key of keysOf(own)) expect(allowsKey(permissions, names.reports, 'write', key)).toBe(true);
        for (const exchange of [names.reports, names.user]) expect(allows(permissions.write, exchange)).toBe(true);
        expect(allowsKey(permissions, names.user, 'write', 'any words.of-a #caller')).toBe(true);
      }),
    );
  });

  test('allow nothing of another node, of the same prefix or not', () => {
    fc.assert(
      fc.property(prefix, prefix, address, address, (system, otherSystem, own, other) => {
        fc.pre(nodeUser(system, own) !== nodeUser(otherSystem, other));
        const permissions = permissionsFor(system, own);
        for (const verb of ['configure', 'write', 'read'] as const) expect(allows(permissions[verb], nodeQueue(otherSystem, other))).toBe(false);
        fc.pre(routingKey({ type: 'node', ...own }) !== routingKey({ type: 'node', ...other }));
        const { reports, commands } = namesFor(system);
        for (const key of keysOf(other)) expect(allowsKey(permissions, reports, 'write', key)).toBe(false);
        expect(allowsKey(permissions, commands, 'read', routingKey({ type: 'node', ...other }))).toBe(false);
        const sameCluster = own.cluster === other.cluster;
        expect(allowsKey(permissions, commands, 'read', routingKey({ type: 'cluster', cluster: other.cluster }))).toBe(sameCluster);
      }),
    );
  });

  const own = { cluster: 'a', node: 'b' };
  const permissions = permissionsFor('jetpack', own);
  const names = namesFor('jetpack');

  test.each(['events.a.b.c', 'xevents.a.b', 'events.a', 'events.a.*', 'events.#', '#', 'presence.a.b', 'presence.a.b.register.x', 'presence.a.b.', 'presence.a.c.watch', 'eventsXaXb', 'node.a.b', 'cluster.a', ''])(
    'do not let it report with %j',
    (key) => {
      expect(allowsKey(permissions, names.reports, 'write', key)).toBe(false);
    },
  );

  test.each(['node.a.*', 'node.*.b', 'node.#', '#', '*.a', 'cluster.*', 'cluster.b', 'events.a.b', ''])('do not let it bind with %j', (key) => {
    expect(allowsKey(permissions, names.commands, 'read', key)).toBe(false);
  });

  test('let it make, change or delete nothing that is shared', () => {
    const { exchanges, queues } = serverTopology('jetpack');
    for (const shared of [...exchanges, ...queues]) expect(allows(permissions.configure, shared.name)).toBe(false);
  });

  test('let it send no commands, not even to itself, and read no reports', () => {
    expect(allows(permissions.write, names.commands)).toBe(false);
    expect(allowsKey(permissions, names.commands, 'write', 'node.a.b')).toBe(false);
    for (const queue of serverTopology('jetpack').queues) expect(allows(permissions.read, queue.name)).toBe(false);
    expect(allowsKey(permissions, names.reports, 'read', 'events.a.b')).toBe(false);
  });

  test('let it bind nothing that is not its own but what a revocation looks through, with no other keys', () => {
    const { exchanges, queues } = serverTopology('jetpack');
    const shared = [...exchanges, ...queues].map(({ name: of }) => of);
    const { exchange, keys, to } = strayBindings('jetpack', own);
    expect(shared.filter((of) => allows(permissions.write, of)).toSorted()).toEqual(to.toSorted());
    expect(exchanges.filter(({ name: of }) => allows(permissions.read, of) && permissions.topics.every((topic) => topic.exchange !== of || topic.read !== '^$')).map(({ name: of }) => of)).toEqual([exchange]);
    for (const key of keys) expect(allowsKey(permissions, exchange, 'read', key)).toBe(true);
    expect(nodeTopology('jetpack', own).bindings.map(({ key }) => key)).toEqual(keys);
  });

  test('reach neither the default exchange nor those that come with the broker', () => {
    for (const verb of ['configure', 'write', 'read'] as const) {
      for (const exchange of ['', 'amq.default', 'amq.topic', 'amq.rabbitmq.trace']) expect(allows(permissions[verb], exchange)).toBe(false);
    }
  });
});

describe('the user of a node', () => {
  test('is another for every other prefix or address', () => {
    fc.assert(
      fc.property(prefix, prefix, address, address, (one, two, first, second) => {
        const same = one === two && first.cluster === second.cluster && first.node === second.node;
        expect(nodeUser(one, first) === nodeUser(two, second)).toBe(same);
      }),
    );
  });

  test('fits into the user id of a message, which has 255 bytes', () => {
    const longest = 'x'.repeat(100);
    expect(nodeUser('p'.repeat(40), { cluster: longest, node: longest })).toHaveLength(242);
  });
});
