import { describe, expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import type { CommandState } from '../../protocol/events.ts';
import { temporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { begin, hour, newId } from './testing/orders-stage.ts';

describe('the state of a node with a command', () => {
  const moves: ReadonlyArray<readonly [CommandState[], string]> = [
    [['accepted'], 'accepted'],
    [['accepted', 'done'], 'done'],
    [['accepted', 'failed'], 'failed'],
    [['done'], 'done'],
    [['expired'], 'expired'],
    [['accepted', 'expired'], 'expired'],
    [['done', 'accepted'], 'done'],
    [['done', 'failed'], 'done'],
    [['failed', 'done'], 'failed'],
    [['failed', 'expired'], 'failed'],
    [['expired', 'done'], 'done'],
  ];

  test.each(moves)('after %j is %s', async (told, state) => {
    await using folder = await temporaryFolder();
    const { change, order, states, store, tell } = begin(folder);
    const id = newId();
    await order(change(id));
    for (const each of told) await tell(id, each);
    expect(states(id)).toEqual({ n1: state, n2: 'pending' });
    expect(store.targetState(id, 'n1')).toBe(state);
    await store.close();
  });

  test('has what its node said, and when that came', async () => {
    await using folder = await temporaryFolder();
    const { change, clock, order, store, tell } = begin(folder);
    const id = newId();
    await order(change(id));
    clock.step(5_000);
    await tell(id, 'failed', { code: 'script_failed', message: 'it broke' });
    expect(store.command(id)?.targets[0]).toEqual({ node: 'n1', state: 'failed', code: 'script_failed', message: 'it broke', changedAt: clock.now() });
    expect(store.pendingTargets().map(({ node }) => node)).toEqual(['n2']);
    await store.close();
  });

  test.each([
    ['a node that is no target', { node: 'n3' }],
    ['a node of the same name in another cluster', { cluster: 'other' }],
  ])('is not moved by %s', async (_who, from) => {
    await using folder = await temporaryFolder();
    const { change, order, states, store, tell } = begin(folder);
    const id = newId();
    await order(change(id));
    await tell(id, 'done', from);
    await tell(newId(), 'done');
    expect(states(id)).toEqual({ n1: 'pending', n2: 'pending' });
    await store.close();
  });

  test('is moved also by an older stream that comes late', async () => {
    await using folder = await temporaryFolder();
    const { change, order, states, store } = begin(folder);
    const id = newId();
    await order(change(id));
    const say = (stream: string, sequence: number, event: object) =>
      store.applyBatch({ from: { cluster: 'box', node: 'n1' }, stream, lane: 'report', entries: [incomingEntry(sequence, { id: newId(), at: 0, ...event })] });
    await say('older', 1, { kind: 'phase', phase: 'ready' });
    await say('newer', 1, { kind: 'phase', phase: 'ready' });
    await say('older', 2, { kind: 'command', command: id, state: 'done' });
    expect(states(id)).toMatchObject({ n1: 'done' });
    await store.close();
  });

  test('has expired a day after the time is over when the node had accepted and never said more', async () => {
    await using folder = await temporaryFolder();
    const { change, clock, order, states, store, tell } = begin(folder);
    const id = newId();
    await order(change(id, {}, { expiresAt: clock.now() + 1_000 }));
    await tell(id, 'accepted');
    await tell(id, 'done', { node: 'n2' });
    clock.step(24 * hour + 999);
    await order({ type: 'expire' });
    expect(states(id)).toEqual({ n1: 'accepted', n2: 'done' });
    clock.step(1);
    await order({ type: 'expire' });
    expect(states(id)).toEqual({ n1: 'expired', n2: 'done' });
    expect(store.pendingTargets()).toEqual([]);
    await store.close();
  });

  test('has expired when it was pending and the time is over, and not when the node had accepted', async () => {
    await using folder = await temporaryFolder();
    const { change, clock, order, states, store, tell } = begin(folder);
    const [short, long] = [newId(), newId()];
    await order(change(short, {}, { expiresAt: clock.now() + 1_000 }));
    await order(change(long));
    await tell(short, 'accepted', { node: 'n2' });
    clock.step(999);
    await order({ type: 'expire' });
    expect(states(short)).toEqual({ n1: 'pending', n2: 'accepted' });
    clock.step(1);
    await order({ type: 'expire' });
    expect([states(short), states(long)]).toEqual([{ n1: 'expired', n2: 'accepted' }, { n1: 'pending', n2: 'pending' }]);
    expect(store.command(short)?.targets[0]).toMatchObject({ code: 'command_expired' });
    await tell(short, 'done', { node: 'n1' });
    expect(states(short)).toEqual({ n1: 'done', n2: 'accepted' });
    await store.close();
  });
});

describe('settings', () => {
  test('are of a cluster or of its nodes, those made first first, and each raises the revision once', async () => {
    await using folder = await temporaryFolder();
    const { set, store } = begin(folder);
    await set('a', 1);
    await set('b', { deep: [null] }, ['n2', 'n1']);
    await set('a', 2);
    await set('a', 3, undefined, 'other');
    expect(store.settings('box')).toEqual([
      { node: 'n1', key: 'b', value: { deep: [null] } },
      { node: 'n2', key: 'b', value: { deep: [null] } },
      { key: 'a', value: 2 },
    ]);
    expect([store.settings('other'), store.settings('none'), store.revision()]).toEqual([[{ key: 'a', value: 3 }], [], 5]);
    await store.close();
  });

  test('below a key are gone when it is set to what is no object', async () => {
    await using folder = await temporaryFolder();
    const { set, store } = begin(folder);
    for (const key of ['a.b', 'a.b.c', 'a.bc', 'ab', 'a-b', 'a']) await set(key, 1);
    expect(store.settings('box').map(({ key }) => key)).toEqual(['ab', 'a-b', 'a']);
    await set('a.b', 1);
    await set('a', { x: 1 });
    expect(store.settings('box').map(({ key }) => key)).toEqual(['ab', 'a-b', 'a.b', 'a']);
    await set('a', null, ['n1']);
    expect(store.settings('box')).toHaveLength(5);
    await store.close();
  });
});

describe('the revision', () => {
  test('rises when a template differs, comes or goes, and not when all are as they were', async () => {
    await using folder = await temporaryFolder();
    const { open, order, store } = begin(folder);
    const revisions: number[] = [];
    const adopt = async (templates: Readonly<Record<string, string>>, on = store): Promise<void> => {
      await order({ type: 'templates', templates: new Map(Object.entries(templates)) }, on);
      revisions.push(on.revision());
    };
    for (const templates of [{}, { a: '{}' }, { a: '{}' }, { a: '{"x":1}' }, { a: '{"x":1}', b: '{}' }, { b: '{}' }]) await adopt(templates);
    await store.close();
    const again = open();
    await adopt({ b: '{}' }, again);
    expect(revisions).toEqual([1, 2, 2, 3, 4, 5, 5]);
    await again.close();
  });

  test('is raised above what a node names, and never lowered', async () => {
    await using folder = await temporaryFolder();
    const { order, store } = begin(folder);
    const after = async (above: number): Promise<number> => {
      await order({ type: 'raise', above });
      return store.revision();
    };
    expect([await after(57), await after(41), await after(57), await after(58)]).toEqual([58, 58, 58, 59]);
    await store.close();
  });
});
