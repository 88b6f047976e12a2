import { expect, test } from '@jest/globals';
import { judge, type Attempt } from '../crash/judge.ts';
import { faults, reportLines } from './report.ts';
import type { ChaosReport } from './run.ts';

const attempts: readonly Attempt[] = ['a', 'b', 'c'].map((message) => ({ client: 'x', message, told: 'accepted' }));

const report = (stored: readonly string[], taken: readonly string[], more: Partial<ChaosReport> = {}): ChaosReport => ({
  faults: new Map([
    ['wire reset', 2],
    ['broker kill', 1],
  ]),
  logs: attempts,
  verdict: judge(attempts, stored),
  sends: judge(attempts, taken),
  commands: { given: 4, missing: [], contradicted: [] },
  flaws: [],
  seconds: 12.3,
  ...more,
});

test('a run in which everything arrived has no fault, though user messages came again and in another order', () => {
  expect(faults(report(['a', 'b', 'c'], ['b', 'a', 'b', 'c']))).toEqual([]);
});

test('a loss, a repeat, a swap, a command that was not done and whatever else is wrong are each a line that names it', () => {
  const commands = { given: 4, missing: ['7 on node-1'], contradicted: ['8 on node-2'] };
  expect(faults(report(['b', 'b', 'a'], ['a', 'c'], { commands, flaws: ['node-1 ended by itself'] }))).toEqual([
    'messages lost: c',
    'messages doubled: b',
    'messages out of order: b',
    'user messages lost: b',
    'commands not done: 7 on node-1',
    'commands told in two ways: 8 on node-2',
    'node-1 ended by itself',
  ]);
});

test('the report counts the faults by their names and ends with the counts', () => {
  const lines = reportLines(report(['a', 'b', 'b'], ['a', 'b', 'c']));
  expect(lines[0]).toBe('struck by broker kill 1, wire reset 2');
  expect(lines.at(-1)).toBe('accepted 3 stored 2 lost 1 doubled 1 out of order 0');
});
