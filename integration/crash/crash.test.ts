import { expect, test } from '@jest/globals';
import { faults, reportLines } from './report.ts';
import { runCrash } from './run.ts';

test('over twelve kills of daemons and server nothing that was accepted is lost, doubled or out of order', async () => {
  const deaths: string[] = [];
  const report = await runCrash({ seed: 2, kills: 12 }, new AbortController().signal, (death) => deaths.push(death));
  expect(deaths).toHaveLength(12);
  expect(faults(report)).toEqual([]);
  expect(report.verdict.accepted).toBeGreaterThan(100);
  expect(report.sends.accepted).toBeGreaterThan(10);
  expect(reportLines(report).at(-1)).toBe(`accepted ${report.verdict.accepted} stored ${report.verdict.stored} lost 0 doubled 0 out of order 0`);
}, 120_000);
