import { expect, test } from '@jest/globals';
import { Deliveries } from './deliveries.ts';
import type { PendingTarget } from './order-ports.ts';

const pending = (id: string, node = 'n1', expiresAt = 1_000_000): PendingTarget => ({ number: 1, command: { id, cluster: 'c', name: 'check', expiresAt }, node, state: 'pending' });
const n1 = { cluster: 'c', node: 'n1' };
const online = (): boolean => true;

const begin = (...added: readonly PendingTarget[]) => {
  const deliveries = new Deliveries();
  for (const one of added) deliveries.add(one, 0);
  const taken = (now: number, ...rest: [(() => boolean)?, typeof n1?]): readonly string[] => {
    deliveries.lineUp(rest[0] ?? online, now, rest[1]);
    const line: string[] = [];
    for (let due = deliveries.next(); due !== undefined; due = deliveries.next()) line.push(`${due.command.id} to ${due.to.node}${due.anew ? ' anew' : ''}`);
    return line;
  };
  return { deliveries, taken };
};

test('a delivery is due at once, and again after pauses that double from 2 s to 60 s', () => {
  const { taken } = begin(pending('a'));
  const times: number[] = [];
  for (let now = 0; now < 300_000; now += 1_000) if (taken(now).length > 0) times.push(now);
  expect(times.map((time, index) => time - (times[index - 1] ?? 0))).toEqual([0, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test('a node that is not online is sent nothing, and all of it once it is, in the order it was given', () => {
  const { taken } = begin(pending('a'), pending('b'), pending('c', 'n2'));
  expect(taken(0, () => false)).toEqual([]);
  expect(taken(90_000)).toEqual(['a to n1', 'b to n1', 'c to n2']);
});

test('a registration makes all of its node due at once, from the shortest pause on', () => {
  const { deliveries, taken } = begin(pending('a'), pending('b', 'n2'));
  for (const now of [0, 2_000, 6_000]) taken(now);
  deliveries.registered(n1, 7_000);
  expect(taken(7_000)).toEqual(['a to n1 anew']);
  expect(taken(9_000)).toEqual(['a to n1']);
  deliveries.registered({ cluster: 'other', node: 'n2' }, 9_500);
  expect(taken(9_500)).toEqual([]);
});

test('one node alone can be asked for', () => {
  const { taken } = begin(pending('a'), pending('b', 'n2'));
  expect(taken(0, online, n1)).toEqual(['a to n1']);
  expect(taken(0, online, { cluster: 'c', node: 'n3' })).toEqual([]);
});

test('what has ended is not sent, and counts no more', () => {
  const { deliveries, taken } = begin(pending('a'), pending('b'), pending('a', 'n2'));
  expect(deliveries.size).toBe(3);
  deliveries.end('a', n1);
  deliveries.end('a', n1);
  deliveries.end('x', { cluster: 'c', node: 'n9' });
  expect([deliveries.size, taken(0)]).toEqual([2, ['b to n1', 'a to n2']]);
});

test('what was added again is the one that was there', () => {
  const { deliveries, taken } = begin(pending('a'));
  taken(0);
  deliveries.add(pending('a'), 1_000);
  expect([deliveries.size, taken(1_000)]).toEqual([1, []]);
});

test('what is in line stands there once, knows of a registration meanwhile, and leaves with its end', () => {
  const { deliveries, taken } = begin(pending('a'), pending('b'));
  for (const now of [0, 2_000]) deliveries.lineUp(online, now);
  expect(deliveries.inLine).toBe(2);
  deliveries.registered(n1, 3_000);
  deliveries.lineUp(online, 3_000);
  deliveries.lineUp(online, 5_000);
  deliveries.end('b', n1);
  expect(taken(5_000)).toEqual(['a to n1 anew']);
});

test('those whose time is over are told, by the wall clock', () => {
  const { deliveries } = begin(pending('a', 'n1', 100), pending('b', 'n1', 101));
  expect([99, 100, 101].map((wall) => deliveries.expired(wall).map(({ command }) => command.id))).toEqual([[], ['a'], ['a', 'b']]);
});

test('what was accepted is over a day later', () => {
  const { deliveries } = begin(pending('a', 'n1', 100), { ...pending('b', 'n1', 100), state: 'accepted' });
  deliveries.accepted('a', n1);
  deliveries.accepted('x', n1);
  const day = 24 * 3_600_000;
  expect([99 + day, 100 + day].map((wall) => deliveries.expired(wall).length)).toEqual([0, 2]);
});
