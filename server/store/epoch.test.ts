import { rmSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import type { Batch } from '../../actors/server/ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom } from '../../effects/random.ts';
import { temporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { Epoch } from './epoch.ts';
import { openStore } from './store.ts';

const clock = new ManualClock();

const batch = (sequence: number): Batch => ({
  from: { cluster: 'lab', node: 'n1' },
  stream: 's',
  lane: 'report',
  entries: [incomingEntry(sequence, { kind: 'phase', id: `00000000-0000-4000-8000-00000000000${sequence}`, at: sequence, phase: 'ready' })],
});

const opened = (path: string) => {
  const result = openStore(path, { clock });
  if (!result.ok) throw new Error(result.error.message);
  return result.value.store;
};

test('row 21: of two servers on one store whoever opened it last writes, and the other is refused from then on, whatever it writes', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('store.db');
  const old = opened(path);
  expect(await old.applyBatch(batch(1))).toMatchObject({ ok: true, value: { applied: 1 } });
  // As one does that no lock has kept out; here the kernel's would.
  const next = new Epoch(path, clock.now(), seededRandom(7));
  const fenced = { ok: false, error: { code: 'store_fenced', message: `another cycle-server has opened the store since (${path}.epoch is not what this one wrote)` } };
  expect(await old.applyBatch(batch(2))).toEqual(fenced);
  expect(await old.order({ type: 'raise', above: 7 })).toEqual(fenced);
  expect(await old.post({ from: { cluster: 'lab', node: 'n1' }, events: [] })).toEqual(fenced);
  expect([old.count(), old.appliedOf('s', 'report'), old.revision()]).toEqual([1, 1, 1]);
  expect(() => next.check()).not.toThrow();
  await old.close();
  // Who opens it anew is the last again.
  const again = opened(path);
  expect(await again.applyBatch(batch(2))).toMatchObject({ ok: true, value: { applied: 2 } });
  expect(() => next.check()).toThrow('another cycle-server');
  await again.close();
});

test('a server that is turned away by the lock fences nobody, and one whose epoch is gone writes no more', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('store.db');
  const store = opened(path);
  expect(openStore(path, { clock })).toMatchObject({ ok: false, error: { code: 'store_unwritable' } });
  expect(await store.applyBatch(batch(1))).toMatchObject({ ok: true });
  rmSync(`${path}.epoch`);
  expect(await store.applyBatch(batch(2))).toMatchObject({ ok: false, error: { code: 'store_fenced' } });
  await store.close();
});
