import { expect, test } from '@jest/globals';
import { judge, type Attempt } from './judge.ts';
import { faults, reportLines } from './report.ts';
import type { CrashReport } from './run.ts';
import type { Death } from './victim.ts';

const logs: readonly Attempt[] = ['a', 'b', 'c'].map((message) => ({ client: 'x', message, told: 'accepted' }));

const report = (stored: readonly string[], taken: readonly string[], flaws: readonly string[] = []): CrashReport => ({
  deaths: new Map<Death, number>([
    ['starting', 1],
    ['append committed', 2],
  ]),
  logs,
  verdict: judge(logs, stored),
  sends: judge(logs, taken),
  flaws,
  seconds: 12.3,
});

test('a run in which everything arrived has no fault, though user messages came again', () => {
  expect(faults(report(['a', 'b', 'c'], ['a', 'b', 'b', 'c']))).toEqual([]);
});

test('a loss, a repeat and a swap are each a fault that names the messages', () => {
  expect(faults(report(['b', 'b', 'a'], ['a', 'c']))).toEqual(['messages lost: c', 'messages doubled: b', 'messages out of order: b', 'user messages lost: b']);
});

test('what is wrong with an event of another kind is a fault', () => {
  expect(faults(report(['a', 'b', 'c'], ['a', 'b', 'c'], ['7 is there twice']))).toEqual(['events that are wrong: 7 is there twice']);
});

test('the report tells kills by stage and ends with the counts', () => {
  const lines = reportLines(report(['a', 'b', 'b'], ['a', 'b', 'c']));
  expect(lines[1]).toContain('append committed 2, publish called 0');
  expect(lines.at(-1)).toBe('accepted 3 stored 2 lost 1 doubled 1 out of order 0');
});
