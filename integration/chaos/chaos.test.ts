// That a chaos run ends well with the programs as they are is shown by `npm run chaos`; that it would not with a mistake in them, here.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { brokersAtHand } from '../broker/at-hand.ts';
import { faults } from './report.ts';
import { runChaos } from './run.ts';

test('a chaos run over daemons that forget a report now and then finds what is lost, and nothing else', async () => {
  const logs = await mkdtemp(path.join(tmpdir(), 'jetpack-chaos-'));
  try {
    const [broker] = await brokersAtHand();
    if (broker === undefined) throw new Error('no broker to test on');
    const run = { seed: 3, minutes: 0.2, broker, nodeScript: 'integration/chaos/forgetful-daemon.ts', settleMs: 45_000, logs };
    const report = await runChaos(run, new AbortController().signal, () => undefined);
    expect(report.verdict.lost.length).toBeGreaterThan(0);
    expect(faults(report)).toEqual([expect.stringMatching(/^messages lost: /)]);
    expect(report.faults.size).toBeGreaterThan(0);
  } finally {
    await rm(logs, { recursive: true });
  }
}, 180_000);
