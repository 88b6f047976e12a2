import { expect, test } from '@jest/globals';
import type { Settlement } from '../port.ts';
import { collect, connected, deadLetterTopology, message, outcomes, statusesOf, topicTopology, until, type World } from './world.ts';

/** Never settles what arrives for the first time; acknowledges what comes again. */
const hangFirst = ({ redelivered }: { readonly redelivered: boolean }): Settlement | Promise<Settlement> =>
  redelivered ? 'ack' : new Promise<Settlement>(() => undefined);

export const settlementContract = (world: () => World): void => {
  test.each(['quorum', 'classic'] as const)('what was not settled when the connection died is delivered again, marked as such (%s)', async (type) => {
    const { prefix, link } = world();
    const wire = await link(topicTopology(prefix, [{ name: 'q', type }]));
    const transport = await connected(wire);
    const got = await collect(transport, `${prefix}.q`, hangFirst);
    await outcomes(['a', 'b'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await got.arrived(2);
    wire.drop();
    await got.arrived(4);
    expect(got.bodies()).toEqual(['a', 'b', 'a', 'b']);
    expect(got.deliveries.map(({ redelivered }) => redelivered)).toEqual([false, false, true, true]);
  });

  test('a settlement that comes after its connection died settles nothing and harms nothing', async () => {
    const { prefix, link } = world();
    const wire = await link(deadLetterTopology(prefix, { type: 'quorum', deliveryLimit: 5 }));
    const transport = await connected(wire);
    const dead = await collect(transport, `${prefix}.dead`);
    const late: ((settlement: Settlement) => void)[] = [];
    const got = await collect(transport, `${prefix}.q`, () => new Promise((resolve) => void late.push(resolve)));
    await outcomes(['a', 'b', 'c'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await got.arrived(3);
    wire.drop();
    await got.arrived(6);
    (['ack', 'requeue', 'reject'] as const).forEach((settlement, index) => late[index]!(settlement));
    for (const resolve of late.slice(3)) resolve('ack');
    await transport.publish(message(`${prefix}.x`, 'k', 'after'));
    await got.arrived(7);
    late[6]!('ack');
    await got.subscription.cancel();
    expect(got.bodies()).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'after']);
    expect([dead.bodies(), transport.state]).toEqual([[], 'connected']);
  });

  test('`requeue` delivers again, and beyond the delivery limit the message goes to the dead-letter exchange', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(deadLetterTopology(prefix, { type: 'quorum', deliveryLimit: 3 })));
    const dead = await collect(transport, `${prefix}.dead`);
    const got = await collect(transport, `${prefix}.q`, () => 'requeue');
    await transport.publish(message(`${prefix}.x`, 'some.key', 'poison'));
    await dead.arrived(1);
    expect(got.deliveries.map(({ redelivered }) => redelivered)).toEqual([false, true, true, true]);
    expect(dead.bodies()).toEqual(['poison']);
  });

  test('`reject` sends a message to the dead-letter exchange at once, with its bytes, key, id and headers', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(deadLetterTopology(prefix, { type: 'quorum', deliveryLimit: 3 })));
    const dead = await collect(transport, `${prefix}.dead`);
    const got = await collect(transport, `${prefix}.q`, () => 'reject');
    await transport.publish(message(`${prefix}.x`, 'some.key', 'unreadable', { messageId: 'id-1', headers: { why: 'test' } }));
    await dead.arrived(1);
    expect(got.deliveries).toHaveLength(1);
    expect(dead.bodies()).toEqual(['unreadable']);
    const kept = { exchange: `${prefix}.dlx`, routingKey: 'some.key', messageId: 'id-1', headers: { why: 'test' }, redelivered: false };
    expect(dead.deliveries[0]).toMatchObject(kept);
  });

  test('a consumer that throws or rejects counts as `requeue`, is reported, and harms no one', async () => {
    const { prefix, link } = world();
    const topology = deadLetterTopology(prefix, { type: 'quorum', deliveryLimit: 1 });
    const transport = await connected(link(topology));
    const statuses = statusesOf(transport);
    const dead = await collect(transport, `${prefix}.dead`);
    const got = await collect(transport, `${prefix}.q`, ({ routingKey }) => {
      if (routingKey === 'throws') throw new Error('thrown by a handler');
      return routingKey === 'rejects' ? Promise.reject(new Error('rejected by a handler')) : 'ack';
    });
    const told = await outcomes(['throws', 'good', 'rejects', 'good'].map((key) => transport.publish(message(`${prefix}.x`, key, key))));
    expect(told).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed']);
    await Promise.all([got.arrived(6), dead.arrived(2)]);
    expect([...dead.bodies()].sort()).toEqual(['rejects', 'throws']);
    expect([...got.bodies()].sort()).toEqual(['good', 'good', 'rejects', 'rejects', 'throws', 'throws']);
    await until('every failure is told', () => statuses.length === 4);
    expect(statuses).toEqual(expect.arrayContaining([{ type: 'handlerFailed', queue: `${prefix}.q`, reason: 'thrown by a handler' }]));
    expect(statuses).toEqual(expect.arrayContaining([{ type: 'handlerFailed', queue: `${prefix}.q`, reason: 'rejected by a handler' }]));
    expect(transport.state).toBe('connected');
  });

  test('a handler that hangs holds up its own message only', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topicTopology(prefix, [{ name: 'q', type: 'quorum' }])));
    const got = await collect(transport, `${prefix}.q`, ({ routingKey }) => (routingKey === 'hang' ? new Promise<Settlement>(() => undefined) : 'ack'), 2);
    await outcomes(['hang', 'a', 'b', 'c'].map((key) => transport.publish(message(`${prefix}.x`, key, key))));
    await got.arrived(4);
    expect(got.bodies()).toEqual(['hang', 'a', 'b', 'c']);
  });
};
