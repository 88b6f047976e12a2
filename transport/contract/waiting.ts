import { expect, test } from '@jest/globals';
import { collect, connected, deadLetterTopology, message, outcomes, statusesOf, topicTopology, until, type World } from './world.ts';

export const waitingContract = (world: () => World): void => {
  test.each(['quorum', 'classic'] as const)('a confirm means enqueued: a consumer that comes later gets it (%s)', async (type) => {
    const { prefix, link } = world();
    const topology = topicTopology(prefix, [{ name: 'q', type }]);
    const publisher = await connected(link(topology));
    expect(await publisher.publish(message(`${prefix}.x`, 'k', 'kept'))).toEqual({ outcome: 'confirmed' });
    await publisher.close();
    const got = await collect(await connected(link(topology)), `${prefix}.q`);
    await got.arrived(1);
    expect(got.bodies()).toEqual(['kept']);
  });

  test('a message that expires in its queue goes to the dead-letter exchange and to no consumer', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(deadLetterTopology(prefix, { type: 'classic' })));
    const dead = await collect(transport, `${prefix}.dead`);
    await transport.publish(message(`${prefix}.x`, 'k', 'short-lived', { expiresMs: 20 }));
    await transport.publish(message(`${prefix}.x`, 'k', 'lasting'));
    await dead.arrived(1);
    const got = await collect(transport, `${prefix}.q`);
    await got.arrived(1);
    expect([got.bodies(), dead.bodies()]).toEqual([['lasting'], ['short-lived']]);
  });

  test("a queue's own time to live expires every message in it", async () => {
    const { prefix, link } = world();
    const transport = await connected(link(deadLetterTopology(prefix, { type: 'classic', messageTtlMs: 20 })));
    const dead = await collect(transport, `${prefix}.dead`);
    await outcomes(['a', 'b', 'c'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await dead.arrived(3);
    expect(dead.bodies()).toEqual(['a', 'b', 'c']);
  });

  test('beyond its length a queue drops the oldest', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topicTopology(prefix, [{ name: 'q', type: 'classic', maxLength: 3 }])));
    const told = await outcomes(['a', 'b', 'c', 'd', 'e'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    expect(told).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed', 'confirmed']);
    const got = await collect(transport, `${prefix}.q`);
    await got.arrived(3);
    expect(got.bodies()).toEqual(['c', 'd', 'e']);
  });

  test.each(['quorum', 'classic'] as const)('where one consumer may be active, the first gets everything, and the next takes over what it left and is told of it before (%s)', async (type) => {
    const { prefix, link } = world();
    const topology = topicTopology(prefix, [{ name: 'q', type, singleActive: true }]);
    const active = await connected(link(topology));
    let settling = true;
    const first = await collect(active, `${prefix}.q`, () => (settling ? 'ack' : new Promise(() => undefined)), 2);
    await active.publish(message(`${prefix}.x`, 'k', 'a'));
    await first.arrived(1);
    const standby = await connected(link(topology));
    const heard = [statusesOf(active), statusesOf(standby)];
    const next = await collect(standby, `${prefix}.q`);
    await until('the second is told of the first', () => heard[1]?.some(({ type: what }) => what === 'consumerShared') === true);
    settling = false;
    await outcomes(['b', 'c', 'd'].map((body) => standby.publish(message(`${prefix}.x`, 'k', body))));
    await first.arrived(3);
    expect(next.bodies()).toEqual([]);
    await active.close();
    await next.arrived(3);
    expect([first.bodies(), next.bodies()]).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c', 'd'],
    ]);
    expect(heard.map((statuses) => statuses.filter(({ type: what }) => what === 'consumerShared'))).toEqual([[], [{ type: 'consumerShared', queue: `${prefix}.q`, others: 1 }]]);
  });

  test('a queue that expires is gone when it had no consumer for so long', async () => {
    const { prefix, link } = world();
    const topology = topicTopology(prefix, [{ name: 'q', type: 'classic', expiresMs: 100 }]);
    const transport = await connected(link(topology));
    const got = await collect(transport, `${prefix}.q`);
    await transport.publish(message(`${prefix}.x`, 'k'));
    await got.arrived(1);
    await got.subscription.cancel();
    let last = 'confirmed';
    // One that meets the queue at its end may be nacked.
    const probe = async (): Promise<void> => {
      while (last === 'confirmed' || last === 'nacked') last = (await transport.publish(message(`${prefix}.x`, 'k'))).outcome;
    };
    await Promise.race([probe(), until('the queue is gone', () => last === 'unroutable')]);
    expect(last).toBe('unroutable');
  });

  test('no more than the prefetch is out unsettled, and settling one lets the next come', async () => {
    const { prefix, link } = world();
    const queues = [{ name: 'q', type: 'quorum' } as const, { name: 'marker', type: 'classic' } as const];
    const transport = await connected(link(topicTopology(prefix, queues, { q: 'k', marker: 'marker' })));
    const settle: (() => void)[] = [];
    const got = await collect(transport, `${prefix}.q`, () => new Promise((resolve) => settle.push(() => resolve('ack'))), 2);
    const marker = await collect(transport, `${prefix}.marker`);
    await outcomes(['a', 'b', 'c', 'd'].map((body) => transport.publish(message(`${prefix}.x`, 'k', body))));
    await got.arrived(2);
    await transport.publish(message(`${prefix}.x`, 'marker'));
    await marker.arrived(1);
    expect(got.bodies()).toEqual(['a', 'b']);
    settle[0]!();
    await got.arrived(3);
    await transport.publish(message(`${prefix}.x`, 'marker'));
    await marker.arrived(2);
    expect(got.bodies()).toEqual(['a', 'b', 'c']);
    for (const one of settle) one();
    await got.arrived(4);
    settle[3]!();
  });

  test('consumers of one queue share it: each message goes to one of them, and none of them is left out', async () => {
    const { prefix, link } = world();
    const topology = topicTopology(prefix, [{ name: 'q', type: 'quorum' }]);
    const transports = await Promise.all([connected(link(topology)), connected(link(topology)), connected(link(topology))]);
    let release = (): void => undefined;
    const everyoneHasOne = new Promise<'ack'>((resolve) => {
      release = () => resolve('ack');
    });
    const shares = await Promise.all(transports.map((transport) => collect(transport, `${prefix}.q`, () => everyoneHasOne, 1)));
    const bodies = Array.from({ length: 30 }, (_, index) => `${index}`);
    await outcomes(bodies.map((body) => transports[0].publish(message(`${prefix}.x`, 'k', body))));
    await Promise.all(shares.map((share) => share.arrived(1)));
    release();
    await until('all are handled', () => shares.flatMap((share) => share.bodies()).length >= bodies.length);
    expect(shares.flatMap((share) => share.bodies()).sort()).toEqual([...bodies].sort());
  });
};
