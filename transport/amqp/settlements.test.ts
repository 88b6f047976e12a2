import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Settlement } from '../port.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { Settlements } from './settlements.ts';

const scene = (arrived: number, prefetch = 1) => {
  const sent: string[] = [];
  const clock = new ManualClock();
  let alive = true;
  const settlements = new Settlements({
    get alive() {
      return alive;
    },
    dropped: (count) => void sent.push(`dropped ${count}`),
    ack: (tag, upTo) => void sent.push(`ack ${upTo ? '..' : ''}${tag}`),
    reject: (tag, requeue) => void sent.push(`${requeue ? 'requeue' : 'reject'} ${tag}`),
  }, prefetch, clock);
  for (let tag = 1; tag <= arrived; tag += 1) settlements.arrived(tag);
  const settle = (tags: readonly number[], settlement: Settlement = 'ack'): void => {
    for (const tag of tags) settlements.settle(tag, settlement);
  };
  const end = (): void => void (alive = false);
  return { clock, end, sent, settle, settlements };
};

describe('settling the deliveries of a channel', () => {
  test('acknowledgements that come together go out as one', async () => {
    const { sent, settle } = scene(5);
    settle([1, 2, 3]);
    expect(sent).toEqual([]);
    await Promise.resolve();
    expect(sent).toEqual(['ack ..3']);
    settle([5, 4]);
    await Promise.resolve();
    expect(sent).toEqual(['ack ..3', 'ack ..5']);
  });

  test('acknowledgements wait for others for two milliseconds, and for no more than a quarter of what may be open', async () => {
    const { clock, sent, settle } = scene(20, 16);
    settle([1, 2]);
    await clock.advance(1);
    settle([3]);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual(['ack ..3']);
    settle([4, 5, 6, 7]);
    await Promise.resolve();
    expect(sent).toEqual(['ack ..3', 'ack ..7']);
    settle([8]);
    await clock.advance(1);
    expect(sent).toHaveLength(2);
    await clock.advance(1);
    expect([sent.at(-1), clock.armed]).toEqual(['ack ..8', 0]);
  });

  test('what waits for others when the channel goes, and what comes later, is counted once and sent nowhere', async () => {
    const { clock, end, sent, settle, settlements } = scene(6, 64);
    settle([1, 2, 3]);
    end();
    settlements.flush();
    settle([4]);
    settle([5], 'requeue');
    await clock.advance(10);
    settlements.flush();
    settle([1, 4]);
    expect([sent, clock.armed, settlements.open]).toEqual([['dropped 3', 'dropped 1', 'dropped 1'], 0, 1]);
  });

  test('none reaches over a delivery that is still open', () => {
    const { sent, settle, settlements } = scene(5);
    settle([1, 3, 5]);
    settlements.flush();
    expect(sent).toEqual(['ack 3', 'ack 5', 'ack ..1']);
    settle([2]);
    settlements.flush();
    settle([4]);
    settlements.flush();
    expect(sent.slice(3)).toEqual(['ack ..2', 'ack ..4']);
  });

  test('a rejection goes out at once, a retry as reject and not as nack', () => {
    const { sent, settle, settlements } = scene(3);
    settle([1], 'requeue');
    settle([2], 'reject');
    expect(sent).toEqual(['requeue 1', 'reject 2']);
    settle([3]);
    settlements.flush();
    expect(sent[2]).toBe('ack ..3');
  });

  test('a second settlement of the same delivery, which would cost the channel, is not sent', () => {
    const { sent, settle, settlements } = scene(2);
    settle([1, 1]);
    settlements.flush();
    settle([1], 'requeue');
    settlements.flush();
    expect(sent).toEqual(['ack ..1']);
  });

  test.each(['reject', 'requeue', 'ack'] as const)('10,000 settled by %s leave nothing behind, also while an earlier one stays open', (settlement) => {
    const { settle, settlements } = scene(10_001);
    settle(Array.from({ length: 10_000 }, (_, index) => index + 2), settlement);
    expect(settlements.open).toBe(1);
    settle([1], settlement);
    expect(settlements.open).toBe(0);
  });

  test('whatever is settled when, the broker settles the same deliveries the same way', () => {
    const step = fc.record({ tag: fc.integer({ min: 1, max: 30 }), settlement: fc.constantFrom<Settlement>('ack', 'requeue', 'reject'), flush: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        // The broker: an acknowledgement of what it does not hold would end the channel.
        const held = new Set(Array.from({ length: 30 }, (_, index) => index + 1));
        const done = new Map<number, string>();
        const take = (tag: number, how: string): void => {
          expect(held.delete(tag)).toBe(true);
          done.set(tag, how);
        };
        const settlements = new Settlements({
          alive: true,
          dropped: () => expect('dropped').toBe('never'),
          ack: (tag, upTo) => {
            if (upTo) for (const earlier of [...held].filter((one) => one < tag)) take(earlier, 'ack');
            take(tag, 'ack');
          },
          reject: (tag, requeue) => take(tag, requeue ? 'requeue' : 'reject'),
        }, 30, new ManualClock());
        for (let tag = 1; tag <= 30; tag += 1) settlements.arrived(tag);
        const wanted = new Map<number, string>();
        for (const { tag, settlement, flush } of steps) {
          if (!wanted.has(tag)) wanted.set(tag, settlement);
          settlements.settle(tag, settlement);
          if (flush) settlements.flush();
        }
        settlements.flush();
        expect(done).toEqual(wanted);
      }),
    );
  });
});
