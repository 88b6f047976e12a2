import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../effects/manual-clock.ts';
import { collect, connected, deadLetterTopology, message, topicTopology } from '../contract/world.ts';
import type { Topology } from '../topology.ts';
import { createEmbeddedBroker } from './broker.ts';

const minute = 60_000;

const start = async (topology: Topology) => {
  const clock = new ManualClock();
  const broker = createEmbeddedBroker({ clock });
  const wire = broker.connect({ name: 'test', topology });
  const transport = await connected({ transport: wire, drop: () => wire.drop() });
  return { clock, broker, transport };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a queue of the embedded broker', () => {
  test('expiry goes by the injected clock, and by the shorter of the two lifetimes', async () => {
    const { clock, transport } = await start(deadLetterTopology('t', { type: 'classic', messageTtlMs: minute }));
    const dead = await collect(transport, 't.dead');
    await transport.publish(message('t.x', 'k', 'own', { expiresMs: minute / 2 }));
    await transport.publish(message('t.x', 'k', 'of the queue', { expiresMs: 2 * minute }));
    await clock.advance(minute / 2 - 1);
    expect(dead.bodies()).toEqual([]);
    await clock.advance(1);
    await dead.arrived(1);
    await clock.advance(minute / 2);
    await dead.arrived(2);
    expect(dead.bodies()).toEqual(['own', 'of the queue']);
  });

  test('a message that expired behind a lasting one is never delivered', async () => {
    const { clock, transport } = await start(topicTopology('t', [{ name: 'q', type: 'classic' }]));
    for (const [body, more] of [
      ['lasting', {}],
      ['short-lived', { expiresMs: 10 }],
      ['last', {}],
    ] as const) {
      await transport.publish(message('t.x', 'k', body, more));
    }
    await clock.advance(11);
    const got = await collect(transport, 't.q');
    await got.arrived(2);
    expect(got.bodies()).toEqual(['lasting', 'last']);
  });

  test('the length bounds what waits: what is out with a consumer does not count and is not dropped', async () => {
    const { transport } = await start(topicTopology('t', [{ name: 'q', type: 'classic', maxLength: 1 }]));
    const settle: (() => void)[] = [];
    const got = await collect(transport, 't.q', () => new Promise((resolve) => void settle.push(() => resolve('ack'))), 1);
    for (const body of ['out', 'dropped', 'waiting']) {
      await transport.publish(message('t.x', 'k', body));
      await turn();
    }
    settle[0]?.();
    await got.arrived(2);
    expect(got.bodies()).toEqual(['out', 'waiting']);
  });

  test('a queue lives as long as someone consumes it, and its time without a consumer starts anew after each', async () => {
    const { clock, transport } = await start(topicTopology('t', [{ name: 'q', type: 'classic', expiresMs: minute }]));
    const got = await collect(transport, 't.q');
    await clock.advance(10 * minute);
    expect(await transport.publish(message('t.x', 'k'))).toEqual({ outcome: 'confirmed' });
    await got.arrived(1);
    await got.subscription.cancel();
    await clock.advance(minute - 1);
    expect(await transport.publish(message('t.x', 'k'))).toEqual({ outcome: 'confirmed' });
    await clock.advance(1);
    expect(await transport.publish(message('t.x', 'k'))).toEqual({ outcome: 'unroutable' });
    expect(clock.armed).toBe(0);
  });

  test('a deleted queue leaves nothing behind that could expire its successor', async () => {
    const { clock, broker, transport } = await start(topicTopology('t', [{ name: 'q', type: 'classic', expiresMs: minute }]));
    const got = await collect(transport, 't.q');
    broker.deleteQueue('t.q');
    await got.subscription.cancel();
    expect(clock.armed).toBe(0);
  });

  test('a handler that always publishes again does not starve the process', async () => {
    const { transport } = await start(topicTopology('t', [{ name: 'q', type: 'classic' }]));
    const got = await collect(transport, 't.q', () => {
      void transport.publish(message('t.x', 'k'));
      return 'ack';
    });
    await transport.publish(message('t.x', 'k'));
    await got.arrived(100);
    await transport.close();
    expect(transport.state).toBe('closed');
  });

  test('a message is never delivered inside the publish that brings it', async () => {
    const { transport } = await start(topicTopology('t', [{ name: 'q', type: 'classic' }]));
    const got = await collect(transport, 't.q');
    const published = transport.publish(message('t.x', 'k'));
    expect(got.deliveries).toHaveLength(0);
    await published;
    await got.arrived(1);
  });
});
