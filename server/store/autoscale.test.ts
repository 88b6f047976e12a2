// Targets of node arrays, through the store: the newest word on each, for five minutes.
import { expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { openStore } from './store.ts';

const minute = 60_000;

const begin = (folder: TemporaryFolder) => {
  const clock = new ManualClock();
  const opened = openStore(folder.at('store.db'), { clock });
  if (!opened.ok) throw new Error(opened.error.message);
  const { store } = opened.value;
  const sequences = new Map<string, number>();
  let minted = 0;
  /** `ago`: how long it had been under way; `ahead`: how far the clock of its node is; `late`: by how much the server was wrong in that, its frame having been so long on its way. */
  const ask = async (node: string, targets: readonly object[], ago = 0, { ahead = 0, late = 0 } = {}): Promise<void> => {
    const sequence = (sequences.get(node) ?? 0) + 1;
    sequences.set(node, sequence);
    const id = `00000000-0000-4000-8000-${String((minted += 1)).padStart(12, '0')}`;
    const entry = incomingEntry(sequence, { kind: 'autoscale', id, at: clock.now() - ago + ahead, targets }, late - ahead);
    expect(entry.event).toMatchObject({ ok: true });
    expect(await store.applyBatch({ from: { cluster: 'lab', node }, stream: `of ${node}`, lane: 'report', entries: [entry] })).toMatchObject({ value: { outcome: 'applied' } });
  };
  const standing = () => store.autoscale('lab').map(({ name = '*', coreCount, instanceCount }) => [name, coreCount ?? `${instanceCount} machines`]);
  return { ask, clock, standing, store };
};

test('a newer target takes the place of the one before, of its array alone', async () => {
  await using folder = await temporaryFolder();
  const { ask, standing, store } = begin(folder);
  await ask('scheduler', [{ name: 'execute', coreCount: 8 }, { name: 'gpu', instanceCount: 2, attributes: { MachineType: 'big' } }, { coreCount: 100 }]);
  await ask('scheduler', [{ name: 'execute', coreCount: 16 }]);
  expect(standing()).toEqual([['*', 100], ['execute', 16], ['gpu', '2 machines']]);
  expect(store.autoscale('lab').at(-1)).toMatchObject({ node: 'scheduler', attributes: { MachineType: 'big' } });
  expect(store.autoscale('other')).toEqual([]);
  await store.close();
});

test('a target holds five minutes, and again from when it is set again', async () => {
  await using folder = await temporaryFolder();
  const { ask, clock, standing, store } = begin(folder);
  await ask('scheduler', [{ name: 'execute', coreCount: 8 }, { name: 'gpu', coreCount: 1 }]);
  await clock.advance(4 * minute);
  await ask('scheduler', [{ name: 'execute', coreCount: 8 }]);
  await clock.advance(minute);
  expect(standing()).toEqual([['execute', 8]]);
  await clock.advance(4 * minute);
  expect(standing()).toEqual([]);
  await store.close();
});

test('one that was long under way has no effect, or for as long as is left; nor does it undo what was set since', async () => {
  await using folder = await temporaryFolder();
  const { ask, clock, standing, store } = begin(folder);
  await ask('a', [{ name: 'execute', coreCount: 8 }], 6 * minute);
  expect(standing()).toEqual([]);
  await ask('a', [{ name: 'execute', coreCount: 8 }], 4 * minute);
  expect(standing()).toEqual([['execute', 8]]);
  await ask('b', [{ name: 'execute', coreCount: 4 }], minute);
  await ask('c', [{ name: 'execute', coreCount: 99 }], 2 * minute);
  expect(standing()).toEqual([['execute', 4]]);
  await clock.advance(4 * minute);
  expect(standing()).toEqual([]);
  await store.close();
});

test('a node whose clock is ahead asks for no longer than others', async () => {
  await using folder = await temporaryFolder();
  const { ask, clock, standing, store } = begin(folder);
  await ask('a', [{ name: 'execute', coreCount: 8 }], -60 * minute);
  await clock.advance(5 * minute);
  expect(standing()).toEqual([]);
  await ask('b', [{ name: 'execute', coreCount: 4 }]);
  expect(standing()).toEqual([['execute', 4]]);
  await store.close();
});

test('an empty request ends what its node asked for, and nothing of another; an older one does not bring it back', async () => {
  await using folder = await temporaryFolder();
  const { ask, standing, store } = begin(folder);
  await ask('a', [{ name: 'execute', coreCount: 8 }]);
  await ask('b', [{ name: 'gpu', coreCount: 2 }]);
  await ask('a', []);
  expect(standing()).toEqual([['gpu', 2]]);
  await ask('a', [{ name: 'execute', coreCount: 8 }], minute);
  expect(standing()).toEqual([['gpu', 2]]);
  await ask('a', [{ name: 'execute', coreCount: 3 }]);
  expect(standing()).toEqual([['execute', 3], ['gpu', 2]]);
  await store.close();
});

test('which of two nodes spoke last is told by the server, whatever their clocks say', async () => {
  await using folder = await temporaryFolder();
  const { ask, clock, standing, store } = begin(folder);
  await ask('behind', [{ name: 'execute', coreCount: 8 }], 0, { ahead: -60 * minute });
  expect(standing()).toEqual([['execute', 8]]);
  await clock.advance(minute);
  await ask('ahead', [{ name: 'execute', coreCount: 4 }], 0, { ahead: 60 * minute });
  await clock.advance(minute);
  await ask('behind', [{ name: 'execute', coreCount: 2 }], 0, { ahead: -60 * minute });
  expect(standing()).toEqual([['execute', 2]]);
  await ask('ahead', [{ name: 'execute', coreCount: 99 }], minute, { ahead: 60 * minute });
  expect(standing()).toEqual([['execute', 2]]);
  await clock.advance(5 * minute);
  expect(standing()).toEqual([]);
  await store.close();
});

test('of one node the later word counts, however long each was on its way, and also when its clock was put back in between', async () => {
  await using folder = await temporaryFolder();
  const { ask, clock, standing, store } = begin(folder);
  await ask('a', [{ name: 'execute', coreCount: 8 }], 2_000, { late: 2_000 });
  // A tenth of a second later, and quickly there.
  await ask('a', [{ name: 'execute', coreCount: 4 }], 1_900);
  expect(standing()).toEqual([['execute', 4]]);
  // Written between the two, and longest on its way.
  await ask('a', [{ name: 'execute', coreCount: 99 }], 1_950, { late: 1_950 });
  expect(standing()).toEqual([['execute', 4]]);
  await clock.advance(2 * minute);
  await ask('a', [{ name: 'execute', coreCount: 2 }], 0, { ahead: -60 * minute });
  expect([standing(), Object.keys(store.autoscale('lab')[0] ?? {})]).toEqual([[['execute', 2]], expect.not.arrayContaining(['told'])]);
  await store.close();
});
