import { describe, expect, test } from '@jest/globals';
import type { StoredEvent } from '../../actors/server/ports.ts';
import type { JetpackEvent } from '../../protocol/events.ts';
import { flawsIn, phasesOf, told } from './told.ts';

const runs = { one: '01890000-0000-7000-8000-0000000000a1', other: '01890000-0000-7000-8000-0000000000a2' };

const idOf = (number: number): string => `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`;

/** What node `n` told, the first event first. */
const stored = (...events: ReadonlyArray<Partial<JetpackEvent> & { readonly kind: string }>): StoredEvent[] =>
  events.map((event, index) => {
    const position = index + 1;
    const full = { id: idOf(position), at: 1, ...event };
    return {
      position,
      cluster: 'c',
      node: 'n',
      stream: 'stream',
      lane: 'report',
      sequence: position,
      id: full.id,
      kind: event.kind,
      at: 1,
      receivedAt: 1,
      level: 'info',
      priority: 'high',
      message: '',
      raw: JSON.stringify(full),
      problem: undefined,
    };
  });

const converge = (run: string, outcome: 'running' | 'succeeded' | 'failed', done: number) => ({ kind: 'converge', run, trigger: 'boot', outcome, done, total: 3 }) as const;

const fine = (): StoredEvent[] =>
  stored(
    { kind: 'phase', phase: 'converging' },
    converge(runs.one, 'running', 0),
    converge(runs.one, 'running', 2),
    converge(runs.one, 'failed', 2),
    converge(runs.other, 'running', 0),
    converge(runs.other, 'succeeded', 3),
    { kind: 'phase', phase: 'ready' },
  );

test('events are told apart by node and kind, in order', () => {
  expect(phasesOf(fine(), 'n')).toEqual(['converging', 'ready']);
  expect(phasesOf(fine(), 'other')).toEqual([]);
  expect(told(fine(), 'n', 'converge').map(({ done, position }) => [done, position])).toEqual([[0, 2], [2, 3], [2, 4], [0, 5], [3, 6]]);
});

describe('what is wrong is found:', () => {
  test('nothing, when all is well', () => expect(flawsIn(fine())).toEqual([]));

  test('an event that is there twice', () => {
    const events = fine().map((event) => (event.position === 7 ? { ...event, id: idOf(1) } : event));
    expect(flawsIn(events)).toEqual([`${idOf(1)} is there twice`]);
  });

  test('one that is missing', () => {
    expect(flawsIn(fine().filter(({ position }) => position !== 3))[0]).toBe('n stream report: 4 stands at 3');
  });

  test('a converge that goes back, and one that goes on after its end', () => {
    expect(flawsIn(stored(converge(runs.one, 'running', 2), converge(runs.one, 'running', 1)))).toEqual([`n: at 2 the converge ${runs.one} goes back from 2 to 1`]);
    expect(flawsIn(stored(converge(runs.one, 'succeeded', 3), converge(runs.one, 'running', 3)))).toEqual([`n: at 2 the converge ${runs.one} goes on after it succeeded`]);
  });
});
