import { afterEach, expect, test } from '@jest/globals';
import { faults, reportLines } from './report.ts';
import { runCrash } from './run.ts';

const interrupt = new AbortController();
let running: Promise<unknown> | undefined;

// A run that outlasts its test is ended with all it started.
afterEach(async () => {
  interrupt.abort();
  await running?.catch(() => undefined);
}, 30_000);

test('over twelve kills of daemons and server nothing that was accepted is lost, doubled or out of order', async () => {
  const deaths: string[] = [];
  const run = runCrash({ seed: 2, kills: 12 }, interrupt.signal, (death) => deaths.push(death));
  running = run;
  const report = await run;
  expect(deaths).toHaveLength(12);
  expect(faults(report)).toEqual([]);
  expect(report.verdict.accepted).toBeGreaterThan(100);
  expect(report.sends.accepted).toBeGreaterThan(10);
  expect(reportLines(report).at(-1)).toBe(`accepted ${report.verdict.accepted} stored ${report.verdict.stored} lost 0 doubled 0 out of order 0`);
}, 240_000);
