import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom, uuid7 } from '../../effects/random.ts';
import type { PendingReport } from '../../actors/node/state.ts';
import { copyDatabase } from '../../storage/testing/copy-database.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import type { FileOwner } from '../owned-file.ts';
import { openState, type OpenedState } from './state.ts';

const clock = new ManualClock();
const random = seededRandom(3);
const owner = { cluster: 'lab', node: 'n1', instanceId: 'i-1' };

const open = (folder: TemporaryFolder, of: FileOwner = owner, file = 'state.db'): OpenedState => {
  const opened = openState(folder.at(file), of, clock);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
};

const report = (message: string, id = uuid7(clock.now(), random)): PendingReport => ({
  event: { kind: 'log', id, at: 1, level: 'info', priority: 'high', message },
  trace: undefined,
});

const messages = (reports: readonly PendingReport[]): readonly unknown[] => reports.map(({ event }) => (event.kind === 'log' ? event.message : event.kind));

test('what was changed is there after the file is opened again, and what was taken away is not', async () => {
  await using folder = await temporaryFolder();
  const { state } = open(folder);
  expect(await state.change([{ key: 'a', value: { deep: [1, 'two', null] } }, { key: 'b', value: false }])).toEqual({ ok: true, value: undefined });
  await state.change([{ key: 'b', value: undefined }]);
  await state.close();
  const again = open(folder).state;
  expect([again.get('a'), again.get('b')]).toEqual([{ deep: [1, 'two', null] }, undefined]);
  await again.close();
});

test('keys are found by what they begin with, in order, whatever characters follow', async () => {
  await using folder = await temporaryFolder();
  const { state } = open(folder);
  const keys = ['check/b', 'check/a', 'check/\u{1F600}', 'check', 'checks/a', 'converge/last'];
  await state.change(keys.map((key) => ({ key, value: 1 })));
  expect(state.keys('check/')).toEqual(['check/a', 'check/b', 'check/\u{1F600}']);
  await state.close();
});

test('reports wait with their change, in order over all changes, until the outbox has them', async () => {
  await using folder = await temporaryFolder();
  const { state } = open(folder);
  const [one, two, three] = [report('1'), report('2'), report('3')];
  await state.change([{ key: 'k', value: 1 }], [one, two]);
  await state.change([], [three]);
  await state.close();
  const again = open(folder).state;
  expect(messages(again.pending(2))).toEqual(['1', '2']);
  await again.reported([one.event.id, two.event.id]);
  expect(messages(again.pending(10))).toEqual(['3']);
  await again.close();
});

test('a report that is given a second time waits once', async () => {
  await using folder = await temporaryFolder();
  const { state } = open(folder);
  const again = report('once');
  await state.change([], [again]);
  await state.change([], [again]);
  expect(state.pending(10)).toHaveLength(1);
  await state.close();
});

test('a copy of the file before a commit has neither the change nor its report', async () => {
  await using folder = await temporaryFolder();
  const { state } = open(folder);
  await state.change([{ key: 'k', value: 'before' }]);
  const changing = state.change([{ key: 'k', value: 'after' }], [report('of it')]);
  copyDatabase(folder.at('state.db'), folder.at('copy.db'));
  await changing;
  const copy = open(folder, owner, 'copy.db').state;
  expect([copy.get('k'), copy.pending(10)]).toEqual(['before', []]);
  expect([state.get('k'), messages(state.pending(10))]).toEqual(['after', ['of it']]);
  await Promise.all([state.close(), copy.close()]);
});

test.each([
  ['another machine', { ...owner, instanceId: 'i-2' }, /belongs to node n1 of cluster lab on instance i-1/],
  ['another node', { ...owner, node: 'n2' }, /and this is node n2/],
])('state of %s is set aside, and fresh state begins', async (_whose, other, reason) => {
  await using folder = await temporaryFolder();
  const { state } = open(folder);
  await state.change([{ key: 'k', value: 1 }]);
  await state.close();
  const { state: fresh, setAside } = open(folder, other);
  expect(setAside?.reason).toMatch(reason);
  expect(fresh.get('k')).toBeUndefined();
  await fresh.close();
});

test('state of a machine that only goes by another id now is its own', async () => {
  await using folder = await temporaryFolder();
  const { state } = open(folder);
  await state.change([{ key: 'k', value: 1 }]);
  await state.close();
  const { state: same, setAside } = open(folder, { ...owner, instanceId: 'i-2', knownAs: ['i-0', 'i-1'] });
  expect([setAside, same.get('k')]).toEqual([undefined, 1]);
  await same.close();
  // From then on it is that of the new id, and the old one no longer opens it.
  const { state: again, setAside: none } = open(folder, { ...owner, instanceId: 'i-2' });
  expect([none, again.get('k')]).toEqual([undefined, 1]);
  await again.close();
  const { state: other, setAside: taken } = open(folder, { ...owner, instanceId: 'i-3', knownAs: ['i-1'] });
  expect(taken?.reason).toMatch(/belongs to node n1 of cluster lab on instance i-2/);
  await other.close();
});

test('a damaged file is set aside, and a closed one refuses changes by a code', async () => {
  await using folder = await temporaryFolder();
  writeFileSync(folder.at('state.db'), 'nothing of ours '.repeat(100));
  const { state, setAside } = open(folder);
  expect(setAside?.reason).toMatch(/corrupt/);
  await state.close();
  expect(await state.change([])).toMatchObject({ ok: false, error: { code: 'state_unwritable' } });
});
