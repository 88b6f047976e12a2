// The proof of docs/DELIVERY.md: any interleaving of what can happen between a node's outbox and the server's store, on the
// product's own code and real files. JETPACK_MODEL_RUNS makes it run longer, JETPACK_MODEL_SEED repeats a run.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { flawsOf } from './testing/delivery-flaws.ts';
import { histories, perform, type Step } from './testing/delivery-steps.ts';
import { World, type Mistake } from './testing/delivery-world.ts';

const runs = Number(process.env['JETPACK_MODEL_RUNS'] ?? 300);
const seed = Number(process.env['JETPACK_MODEL_SEED'] ?? Date.now() % 2 ** 31);
const timeoutMs = 60_000 + runs * 100;

/** In memory where there is such a folder: a killed process loses nothing that the kernel has, so no disk need be waited for. */
const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** What is wrong after a history has happened and everything that was due could happen. `rows` fit each outbox. */
const flawsAfter = async (steps: readonly Step[], rows: number, mistake: Mistake): Promise<readonly string[]> => {
  const folder = await mkdtemp(path.join(root, 'delivery-model-'));
  const world = new World({ folder, rows, mistake });
  try {
    for (const step of steps) await perform(world, step);
    return flawsOf(world, await world.finish());
  } finally {
    await world.close();
    await rm(folder, { recursive: true });
  }
};

const holds = (rows: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      expect(await flawsAfter(steps, rows, 'none')).toEqual([]);
    }),
    { numRuns: runs, seed },
  );

describe('whatever happens between outbox and store', () => {
  test(
    'what was accepted is stored once and in order, and the outbox empties',
    async () => {
      await expect(holds(1_000)).resolves.toBeUndefined();
    },
    timeoutMs,
  );

  test(
    'what gives way in a small outbox is reported, and everything else stored once and in order',
    async () => {
      await expect(holds(4)).resolves.toBeUndefined();
    },
    timeoutMs,
  );
});

describe('the check finds', () => {
  test.each<Mistake>(['deletes at the confirm', 'forgets the stream before', 'leaves gaps unanswered', 'never sends again'])(
    'a sender that %s',
    async (mistake) => {
      const flawless = fc.asyncProperty(histories, async (steps) => (await flawsAfter(steps, 1_000, mistake)).length === 0);
      const found = await fc.check(flawless, { numRuns: 300, seed: 1, endOnFailure: true });
      expect(found.failed).toBe(true);
    },
    timeoutMs,
  );
});
