// What events tell of their nodes, through the store: in the transaction of their batch, once, and in order of streams.
import { describe, expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import type { NodeRecord, Store } from '../../actors/server/ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import type { EventOf } from '../../protocol/events.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { openStore } from './store.ts';

const clock = new ManualClock();
const from = { cluster: 'lab', node: 'n1' };

let minted = 0;
const newId = (): string => `00000000-0000-4000-8000-${String((minted += 1)).padStart(12, '0')}`;
const stamp = (at: number) => ({ id: newId(), at });
const [run, request, other] = [newId(), newId(), newId()];

const condition = (name: string, status: EventOf<'condition'>['status'], more: object = {}, at = 1) => ({ ...stamp(at), kind: 'condition', name, status, ...more });
const termination = (which: string, state: 'requested' | 'withdrawn', check = 'disk', at = 1) => ({ ...stamp(at), kind: 'termination', request: which, state, check, reason: 'no space' });
const keepalive = (holds: boolean, more: object = {}) => ({ ...stamp(1), kind: 'keepalive', holds, ...more });
const converge = (more: object = {}, at = 1) => ({ ...stamp(at), kind: 'converge', run, trigger: 'boot', outcome: 'running', done: 1, total: 3, ...more });
const node = (instanceId: string) => ({ ...stamp(1), kind: 'node', instanceId, hostname: 'h', version: '1', pid: 1 });

const begin = (folder: TemporaryFolder) => {
  const open = (): Store => {
    const opened = openStore(folder.at('store.db'), { clock });
    if (!opened.ok) throw new Error(opened.error.message);
    return opened.value.store;
  };
  const state = { store: open() };
  const next = new Map<string, number>();
  const tell = async (stream: string, ...events: readonly object[]): Promise<void> => {
    const first = next.get(stream) ?? 1;
    next.set(stream, first + events.length);
    const entries = events.map((event, index) => incomingEntry(first + index, event));
    for (const { event } of entries) expect(event).toMatchObject({ ok: true });
    expect(await state.store.applyBatch({ from, stream, lane: 'report', entries })).toMatchObject({ ok: true, value: { outcome: 'applied' } });
  };
  const record = (): NodeRecord => {
    const [found] = state.store.nodes(from);
    expect(state.store.nodes()).toEqual([found]);
    return found!;
  };
  const reopen = async (): Promise<void> => {
    await state.store.close();
    state.store = open();
  };
  return { record, reopen, state, tell, close: () => state.store.close() };
};

describe('a condition', () => {
  test('is the last one of its check, in order of name, also after a restart', async () => {
    await using folder = await temporaryFolder();
    const { close, record, reopen, tell } = begin(folder);
    await tell('s', condition('gpu', 'OK'), condition('disk', 'Unknown', { message: 'exited with code 3', details: 'the end', recommendation: 'look' }, 5), condition('gpu', 'Error', {}, 6));
    const expected = [
      { name: 'disk', status: 'Unknown', message: 'exited with code 3', details: 'the end', recommendation: 'look', at: 5 },
      { name: 'gpu', status: 'Error', at: 6 },
    ];
    expect(record().conditions).toEqual(expected);
    await reopen();
    expect(record().conditions).toEqual(expected);
    await close();
  });

  test('of a check that is gone is gone', async () => {
    await using folder = await temporaryFolder();
    const { close, record, tell } = begin(folder);
    await tell('s', condition('disk', 'Error'), condition('disk', 'NA'), condition('never', 'NA'));
    expect(record().conditions).toEqual([]);
    await close();
  });

  test('has its texts cut, and a node has 256 at most: the oldest give way', async () => {
    await using folder = await temporaryFolder();
    const { close, record, tell } = begin(folder);
    await tell('s', ...Array.from({ length: 300 }, (_, index) => condition(`check-${index}`, 'OK', { message: 'm'.repeat(2_000), details: `${'d'.repeat(10_000)}end` }, index)));
    const { conditions } = record();
    expect(conditions).toHaveLength(256);
    expect(Math.min(...conditions.map(({ at }) => at))).toBe(44);
    expect(conditions[0]?.message).toHaveLength(1_000);
    expect(conditions[0]?.details).toMatch(/^d{8189}end$/);
    await close();
  });
});

describe('a wish to be ended', () => {
  test('stands until it is withdrawn, one a check, the oldest first', async () => {
    await using folder = await temporaryFolder();
    const { close, record, tell } = begin(folder);
    await tell('s', termination(other, 'requested', 'gpu', 9), termination(request, 'requested', 'disk', 4));
    expect(record().terminations).toEqual([
      { request, check: 'disk', reason: 'no space', at: 4 },
      { request: other, check: 'gpu', reason: 'no space', at: 9 },
    ]);
    await tell('s', termination(request, 'withdrawn'));
    expect(record().terminations).toMatchObject([{ request: other }]);
    await close();
  });

  test('is not withdrawn by another one, and a newer one of its check takes its place', async () => {
    await using folder = await temporaryFolder();
    const { close, record, tell } = begin(folder);
    await tell('s', termination(request, 'requested'), termination(other, 'withdrawn'));
    expect(record().terminations).toMatchObject([{ request }]);
    await tell('s', termination(other, 'requested'));
    expect(record().terminations).toMatchObject([{ request: other }]);
    await close();
  });

  test.each(['OK', 'NA'] as const)('is over when its check says %s, also when the node has forgotten it', async (status) => {
    await using folder = await temporaryFolder();
    const { close, record, tell } = begin(folder);
    await tell('s', termination(request, 'requested', 'disk'), condition('disk', 'Error'), condition('gpu', status));
    expect(record().terminations).toHaveLength(1);
    await tell('t', condition('disk', status));
    expect(record().terminations).toEqual([]);
    await close();
  });
});

test('a keepalive is there while it was told to hold', async () => {
  await using folder = await temporaryFolder();
  const { close, record, tell } = begin(folder);
  await tell('s', keepalive(true, { expiresAt: 77, reason: 'a look' }));
  expect(record().keepalive).toEqual({ expiresAt: 77, reason: 'a look' });
  await tell('s', keepalive(true));
  expect(record().keepalive).toEqual({});
  await tell('s', keepalive(false, { reason: 'ignored' }));
  expect(record().keepalive).toBeUndefined();
  await close();
});

test('a converge is the last that was told, with its card', async () => {
  await using folder = await temporaryFolder();
  const { close, record, reopen, tell } = begin(folder);
  await tell('s', converge({ step: 'demo/default 10-motd.sh' }));
  expect(record().converge).toEqual({ run, trigger: 'boot', outcome: 'running', done: 1, total: 3, step: 'demo/default 10-motd.sh', at: 1 });
  const failure = { summary: 'it broke', recommendation: 'mend it', script: '20-join.py', exitCode: 3, output: `${'x'.repeat(10_000)}end`, log: '/home/logs/20-join.py.out' };
  await tell('s', converge({ outcome: 'failed', failure }, 9));
  await reopen();
  expect(record().converge).toEqual({ run, trigger: 'boot', outcome: 'failed', done: 1, total: 3, failure: { ...failure, output: `${'x'.repeat(8_189)}end` }, at: 9 });
  await close();
});

test('an older stream that comes late tells nothing any more, of whatever kind', async () => {
  await using folder = await temporaryFolder();
  const { close, record, tell } = begin(folder);
  await tell('older', condition('disk', 'OK'));
  await tell('newer', keepalive(true));
  const before = record();
  await tell('older', condition('disk', 'Error'), termination(request, 'requested'), keepalive(false), converge());
  expect(record()).toEqual(before);
  await close();
});

test('a daemon that begins tells all that stands: nothing of before is left but the converge of the same machine', async () => {
  await using folder = await temporaryFolder();
  const { close, record, tell } = begin(folder);
  await tell('s', node('i-1'), condition('disk', 'Error'), condition('gone', 'Error'), termination(request, 'requested'), keepalive(true), converge());
  await tell('t', node('i-1'));
  expect(record()).toMatchObject({ instanceId: 'i-1', conditions: [], terminations: [], keepalive: undefined, converge: { run } });
  await tell('t', condition('disk', 'Unknown'), keepalive(true));
  // The same daemon tells all again when it is asked to.
  await tell('t', node('i-1'), condition('disk', 'Error'));
  expect(record()).toMatchObject({ conditions: [{ name: 'disk', status: 'Error' }], keepalive: undefined });
  await tell('u', node('i-2'));
  expect(record()).toMatchObject({ instanceId: 'i-2', conditions: [], converge: undefined });
  await close();
});

test('a node that is first told of by something else keeps that converge until it says which machine it is', async () => {
  await using folder = await temporaryFolder();
  const { close, record, tell } = begin(folder);
  await tell('s', converge(), node('i-1'));
  expect(record()).toMatchObject({ instanceId: 'i-1', converge: { run } });
  await close();
});

describe('a wish of jetpack shutdown', () => {
  const shutdown = (state: 'requested' | 'withdrawn', more: object = {}, at = 1) => ({ ...stamp(at), kind: 'shutdown', request, state, cause: 'idle', way: 'terminate', ...more });

  test('stands in its newest words until it is withdrawn, also after a restart; the withdrawal of another changes nothing', async () => {
    await using folder = await temporaryFolder();
    const { close, record, reopen, tell } = begin(folder);
    await tell('s', node('i-1'), shutdown('requested'), shutdown('requested', { cause: 'unhealthy', way: 'deallocate', reason: 'r'.repeat(2_000) }, 7));
    const standing = { request, cause: 'unhealthy', way: 'deallocate', reason: 'r'.repeat(1_000), at: 7 };
    expect(record().shutdown).toEqual(standing);
    await reopen();
    await tell('s', shutdown('withdrawn', { request: other }));
    expect(record().shutdown).toEqual(standing);
    await tell('s', shutdown('withdrawn'));
    expect(record().shutdown).toBeUndefined();
    await close();
  });

  test('of a daemon that begins to tell all that stands is gone until it is told again', async () => {
    await using folder = await temporaryFolder();
    const { close, record, tell } = begin(folder);
    await tell('s', node('i-1'), shutdown('requested'));
    await tell('t', node('i-1'));
    expect(record().shutdown).toBeUndefined();
    await tell('t', shutdown('requested', {}, 9));
    expect(record().shutdown).toEqual({ request, cause: 'idle', way: 'terminate', at: 9 });
    await close();
  });
});

test('an installation status brings the name that the host has now', async () => {
  await using folder = await temporaryFolder();
  const { close, record, tell } = begin(folder);
  await tell('s', node('i-1'), { ...stamp(2), kind: 'installation', status: 'warning', hostname: 'renamed' });
  expect(record()).toMatchObject({ instanceId: 'i-1', hostname: 'renamed' });
  await close();
});

test('a condition that was set has all that was said of it', async () => {
  await using folder = await temporaryFolder();
  const { close, record, tell } = begin(folder);
  const said = { message: 'm', description: 'd', details: 'x', recommendation: 'r', actionType: 'GHR', ghrCategory: 'XID79' };
  await tell('s', condition('gpu', 'Error', said));
  expect(record().conditions).toEqual([{ name: 'gpu', status: 'Error', ...said, at: 1 }]);
  await close();
});

describe('properties', () => {
  const property = (key: string, value?: string, at = 1) => ({ ...stamp(at), kind: 'property', key, ...(value === undefined ? {} : { value }) });

  test('are the tree that the node has: set, set over, taken back, and kept over a restart', async () => {
    await using folder = await temporaryFolder();
    const { close, record, reopen, tell } = begin(folder);
    await tell('s', node('i-1'), property('rack.name', 'r12'), property('rack.row', '3'), property('owner', 'me'));
    expect(record().properties).toEqual({ rack: { name: 'r12', row: '3' }, owner: 'me' });
    await reopen();
    await tell('s', property('rack.name', 'r13'), property('rack.row'), property('owner'));
    expect(record().properties).toEqual({ rack: { name: 'r13' } });
    await close();
  });

  test('of a daemon that begins to tell all that stands are gone until they are told again, and an older stream tells nothing', async () => {
    await using folder = await temporaryFolder();
    const { close, record, tell } = begin(folder);
    await tell('s', node('i-1'), property('a', '1'));
    await tell('t', node('i-1'));
    expect(record().properties).toEqual({});
    await tell('t', property('a', '2'));
    await tell('s', property('a', '3'));
    expect(record().properties).toEqual({ a: '2' });
    await close();
  });

  test('that no list can carry are left out, and the others are as they were', async () => {
    await using folder = await temporaryFolder();
    const { close, record, tell } = begin(folder);
    await tell('s', node('i-1'), property('a', '1'), property('b', '2'), property('b', 'x'.repeat(70_000)));
    expect(record().properties).toEqual({ a: '1' });
    await close();
  });
});
