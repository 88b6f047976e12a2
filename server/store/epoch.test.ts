import { expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import type { Batch, Store } from '../../actors/server/ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { openUnlocked } from '../../storage/testing/open-unlocked.ts';
import { temporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { storeSchema } from './schema.ts';
import { createStore } from './store.ts';

const clock = new ManualClock();

const batch = (sequence: number): Batch => ({
  from: { cluster: 'lab', node: 'n1' },
  stream: 's',
  lane: 'report',
  entries: [incomingEntry(sequence, { kind: 'phase', id: `00000000-0000-4000-8000-00000000000${sequence}`, at: sequence, phase: 'ready' })],
});

const openStore = (path: string): Store => createStore(openUnlocked(path), { clock });

test('row 21: of two servers on one store whoever opened it last writes, and the other is refused from then on, whatever it writes', async () => {
  await using folder = await temporaryFolder();
  const path = folder.at('store.db');
  const made = openUnlocked(path);
  storeSchema.create(made);
  made.close();
  const old = openStore(path);
  expect(await old.applyBatch(batch(1))).toMatchObject({ ok: true, value: { applied: 1 } });
  const next = openStore(path);
  const fenced = { ok: false, error: { code: 'store_fenced', message: 'another cycle-server has opened the store since (its epoch 2, ours 1)' } };
  expect(await old.applyBatch(batch(2))).toEqual(fenced);
  expect(await old.order({ type: 'raise', above: 7 })).toEqual(fenced);
  expect(await old.post({ from: { cluster: 'lab', node: 'n1' }, events: [] })).toEqual(fenced);
  expect(await next.applyBatch(batch(2))).toMatchObject({ ok: true, value: { applied: 2 } });
  expect(await old.applyBatch(batch(3))).toEqual(fenced);
  expect([next.count(), next.appliedOf('s', 'report'), next.revision()]).toEqual([2, 2, 1]);
  await old.close();
  await next.close();
});
