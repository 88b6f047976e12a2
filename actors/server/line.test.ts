import { expect, test } from '@jest/globals';
import { limits } from '../../protocol/limits.ts';
import { frame, newId } from '../testing/frames.ts';
import { Line } from './line.ts';
import { reportsPrefetch, type EventsArrived } from './transport.ts';

const arrived = (events: number, bytes: number): EventsArrived => {
  const from = { cluster: 'lab', node: 'n1' };
  const entries = Array.from({ length: events }, (_, index) => ({ sequence: index + 1, event: {} }));
  const sent = frame('events', { stream: newId(), lane: 'report', entries });
  return { type: 'frame', frame: { ...sent, from }, bytes, clockOffsetMs: 0, delivery: { exchange: 'x', routingKey: 'k', queue: 'q', redelivered: false }, publication: undefined, reply: () => undefined };
};

const takenAfter = (one: EventsArrived): number => {
  const line = new Line();
  let count = 0;
  for (; !line.isFull; count += 1) line.add(one);
  expect(line.take(0)).toHaveLength(count);
  expect(line.isFull).toBe(false);
  return count;
};

test('is full by frames, by events or by bytes, whichever comes first, and empty when it was taken', () => {
  expect(takenAfter(arrived(1, 200))).toBe(96);
  expect(takenAfter(arrived(512, 96 * 1024))).toBe(4);
  expect(takenAfter(arrived(1, limits.frame))).toBe(4);
});

test('is full before the broker has delivered all that it delivers unsettled, of which the largest frames take 512 MiB', () => {
  expect(takenAfter(arrived(1, 200))).toBeLessThan(reportsPrefetch);
  expect(reportsPrefetch * limits.frame).toBe(512 * 1024 * 1024);
});
