import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { systemClock } from '../../effects/clock.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { collect, connected, message, outcomes, statusesOf, topicTopology, until, type Collected } from '../contract/world.ts';
import { createEmbeddedBroker } from '../embedded/broker.ts';
import type { Settlement } from '../port.ts';
import type { Faults } from './faults.ts';
import { FaultyTransport } from './transport.ts';

const start = async (faults: Partial<Faults>, seed = 1) => {
  const clock = new ManualClock();
  const topology = topicTopology('t', [{ name: 'q', type: 'quorum' }]);
  const inner = createEmbeddedBroker({ clock }).connect({ name: 'test', topology });
  const transport = new FaultyTransport(inner, { clock, random: seededRandom(seed), faults });
  await connected({ transport, drop: () => inner.drop() });
  return { clock, inner, transport };
};

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

describe('a bad network', () => {
  test('a duplicate is the same message again, under the same id', async () => {
    const { clock, transport } = await start({ duplicate: 1, lateMs: 10 });
    const got = await collect(transport, 't.q');
    expect(await transport.publish(message('t.x', 'k', 'twice', { messageId: 'one' }))).toEqual({ outcome: 'confirmed' });
    await got.arrived(1);
    await clock.advance(10);
    await got.arrived(2);
    expect(got.deliveries.map(({ messageId }) => messageId)).toEqual(['one', 'one']);
  });

  test('late messages overtake each other, and all arrive as they were at the publish', async () => {
    const { clock, transport } = await start({ late: 1, lateMs: 100 });
    const got = await collect(transport, 't.q');
    const sent = letters.map((letter) => message('t.x', 'k', letter));
    const published = sent.map((one) => transport.publish(one));
    for (const { body } of sent) body.fill(0);
    expect(transport.inFlight).toBe(letters.length);
    await clock.advance(100);
    expect(new Set(await outcomes(published))).toEqual(new Set(['confirmed']));
    await got.arrived(letters.length);
    expect(got.bodies()).not.toEqual(letters);
    expect([...got.bodies()].sort()).toEqual(letters);
  });

  test.each([
    ['lostConfirm', ['made']],
    ['lostPublish', []],
  ])('`unconfirmed` leaves open what happened: with %s %p arrives', async (fault, arrived) => {
    const { inner, transport } = await start({ [fault]: 1 });
    const got = await collect(transport, 't.q');
    expect(await transport.publish(message('t.x', 'k', 'made'))).toEqual({ outcome: 'unconfirmed' });
    await inner.publish(message('t.x', 'k', 'marker'));
    await until('the marker has arrived', () => got.bodies().includes('marker'));
    expect(got.bodies()).toEqual([...arrived, 'marker']);
  });

  test('in an outage publishes answer `closed`, deliveries wait, and both go on when it is over', async () => {
    const { clock, inner, transport } = await start({});
    const statuses = statusesOf(transport);
    const got = await collect(transport, 't.q');
    const under = transport.publish(message('t.x', 'k', 'made, and not answered'));
    transport.disconnect(1_000);
    expect([await under, transport.state]).toEqual([{ outcome: 'closed' }, 'connecting']);
    expect(await transport.publish(message('t.x', 'k', 'not made'))).toEqual({ outcome: 'closed' });
    await inner.publish(message('t.x', 'k', 'from another'));
    await turns(5);
    expect(got.bodies()).toEqual([]);
    await clock.advance(1_000);
    await got.arrived(2);
    expect(got.bodies()).toEqual(['made, and not answered', 'from another']);
    expect(await transport.publish(message('t.x', 'k', 'after'))).toEqual({ outcome: 'confirmed' });
    expect(statuses.map(({ type }) => type)).toEqual(['disconnected', 'connecting', 'connected']);
  });

  test('a settlement given over a disconnect is lost: the message comes again', async () => {
    const { clock, transport } = await start({});
    let finish: (settlement: Settlement) => void = () => undefined;
    const got = await collect(transport, 't.q', ({ redelivered }) => (redelivered ? 'ack' : new Promise((resolve) => (finish = resolve))));
    await transport.publish(message('t.x', 'k', 'handled twice'));
    await got.arrived(1);
    transport.disconnect(10);
    await clock.advance(10);
    finish('ack');
    await got.arrived(2);
    expect(got.deliveries.map(({ redelivered }) => redelivered)).toEqual([false, true]);
  });

  test.each(['drain', 'close'] as const)('`%s` in an outage ends it', async (verb) => {
    const { clock, transport } = await start({ late: 1, lateMs: 50 });
    const held = transport.publish(message('t.x', 'k'));
    transport.disconnect(1_000_000);
    await transport[verb]();
    expect([transport.state, transport.inFlight, await held]).toEqual(['closed', 0, { outcome: 'closed' }]);
    await clock.advance(50);
    expect(clock.armed).toBe(0);
  });

  test('the same seed makes the same faults', async () => {
    const run = async (seed: number): Promise<readonly string[]> => {
      const { transport } = await start({ lostPublish: 0.3, lostConfirm: 0.3 }, seed);
      return outcomes(Array.from({ length: 50 }, () => transport.publish(message('t.x', 'k'))));
    };
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });

  test('whatever happens, what is `confirmed` arrives, and publishing the rest again brings everything', async () => {
    const rate = fc.double({ min: 0, max: 0.4, noNaN: true });
    const faults = fc.record({ duplicate: rate, late: rate, lostConfirm: rate, lostPublish: rate, disconnect: rate });
    const property = fc.asyncProperty(faults, fc.integer(), async (rates, seed) => {
      const topology = topicTopology('t', [{ name: 'q', type: 'quorum' }]);
      const inner = createEmbeddedBroker({ clock: systemClock }).connect({ name: 'test', topology });
      const all = { ...rates, lateMs: 2, outageMs: 2 };
      const transport = new FaultyTransport(inner, { clock: systemClock, random: seededRandom(seed), faults: all });
      await connected({ transport, drop: () => inner.drop() });
      const got: Collected = await collect(transport, 't.q', () => Promise.resolve('ack'));
      const deliver = async (one: string): Promise<void> => {
        for (let told = ''; told !== 'confirmed'; ) {
          await until('it is connected', () => transport.state === 'connected');
          ({ outcome: told } = await transport.publish(message('t.x', 'k', one)));
        }
      };
      await Promise.all(letters.map(deliver));
      await until('everything has arrived', () => letters.every((letter) => got.bodies().includes(letter)));
      expect([...new Set(got.bodies())].sort()).toEqual(letters);
      await transport.close();
    });
    await fc.assert(property, { numRuns: 30 });
  }, 30_000);
});
