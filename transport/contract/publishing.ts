import { expect, test } from '@jest/globals';
import { collect, connected, message, outcomes, topicTopology, until, type World } from './world.ts';

export const publishingContract = (world: () => World): void => {
  const topologyOf = (prefix: string) => topicTopology(prefix, [{ name: 'q', type: 'classic' }]);

  test('callers that wait for `ready` never pass the bound on publishes in flight, however many they are', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topologyOf(prefix), { maxInFlight: 8 }));
    const peaks: number[] = [];
    const publishes: Promise<unknown>[] = [];
    const caller = async (): Promise<void> => {
      for (let count = 0; count < 50; count++) {
        await transport.ready();
        publishes.push(transport.publish(message(`${prefix}.x`, 'k')));
        peaks.push(transport.inFlight);
      }
    };
    await Promise.all(Array.from({ length: 5 }, caller));
    await Promise.all(publishes);
    expect(Math.max(...peaks)).toBe(8);
    expect(transport.inFlight).toBe(0);
  });

  test('`ready` waits while the bound is reached and resolves when an outcome has come', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topologyOf(prefix), { maxInFlight: 2 }));
    const publishes = ['a', 'b'].map((key) => transport.publish(message(`${prefix}.x`, key)));
    expect(transport.inFlight).toBe(2);
    await transport.ready();
    expect(transport.inFlight).toBeLessThan(2);
    expect(await outcomes(publishes)).toEqual(['confirmed', 'confirmed']);
  });

  test('without a connection a publish answers `closed` at once', async () => {
    const { prefix, link } = world();
    const wire = await link(topologyOf(prefix));
    expect(await wire.transport.publish(message(`${prefix}.x`, 'too-early'))).toEqual({ outcome: 'closed' });
    const transport = await connected(wire);
    wire.drop();
    await until('the loss is noticed', () => transport.state !== 'connected');
    expect(await transport.publish(message(`${prefix}.x`, 'cut'))).toEqual({ outcome: 'closed' });
    await transport.close();
    expect(await transport.publish(message(`${prefix}.x`, 'too-late'))).toEqual({ outcome: 'closed' });
    expect(transport.inFlight).toBe(0);
  });

  test('every publish in flight when the connection dies gets an outcome, and none of the confirmed ones is lost', async () => {
    const { prefix, link } = world();
    const wire = await link(topicTopology(prefix, [{ name: 'q', type: 'quorum' }]));
    const transport = await connected(wire);
    const bodies = Array.from({ length: 300 }, (_, index) => `${index}`);
    const publishes = bodies.map((body) => transport.publish(message(`${prefix}.x`, 'k', body)));
    await publishes[0];
    wire.drop();
    const told = await outcomes(publishes);
    expect(told.every((outcome) => outcome === 'confirmed' || outcome === 'closed')).toBe(true);
    const got = await collect(await connected(wire), `${prefix}.q`);
    const confirmed = bodies.filter((_, index) => told[index] === 'confirmed');
    await until('what was confirmed has arrived', () => confirmed.every((body) => got.bodies().includes(body)));
    expect(transport.inFlight).toBe(0);
  });

  test('`close` answers `closed` to every publish that has no outcome', async () => {
    const { prefix, link } = world();
    const transport = await connected(link(topologyOf(prefix)));
    const publishes = ['a', 'b', 'c'].map((key) => transport.publish(message(`${prefix}.x`, key)));
    await transport.close();
    expect(await outcomes(publishes)).toEqual(['closed', 'closed', 'closed']);
    expect([transport.inFlight, transport.state]).toEqual([0, 'closed']);
  });
};
