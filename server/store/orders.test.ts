// What the server orders, through the store.
import { describe, expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import type { Change, Target } from '../../actors/server/order-ports.ts';
import type { Store } from '../../actors/server/ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import type { CommandState } from '../../protocol/events.ts';
import { integerOf } from '../../storage/columns.ts';
import { openDatabase } from '../../storage/database.ts';
import { copyDatabase } from '../../storage/testing/copy-database.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { storeSchema } from './schema.ts';
import { createStore, openStore } from './store.ts';

let minted = 0;
const newId = (): string => `00000000-0000-4000-8000-${String((minted += 1)).padStart(12, '0')}`;

type CommandChange = Extract<Change, { type: 'command' }>;

const hour = 3_600_000;

const begin = (folder: TemporaryFolder) => {
  const clock = new ManualClock();
  const open = (file = 'store.db'): Store => {
    const opened = openStore(folder.at(file), { clock });
    if (!opened.ok) throw new Error(opened.error.message);
    expect(opened.value.setAside).toBeUndefined();
    return opened.value.store;
  };
  const store = open();
  const change = (id: string, more: Partial<CommandChange> = {}, command: Partial<CommandChange['command']> = {}): CommandChange => ({
    type: 'command',
    command: { id, cluster: 'box', name: 'check', expiresAt: clock.now() + hour, ...command },
    nodes: ['n1', 'n2'],
    request: 'the words',
    scope: 'cluster',
    ...more,
  });
  const order = async (what: Change, on = store): Promise<string> => {
    const ordered = await on.order(what);
    if (!ordered.ok) throw new Error(ordered.error.message);
    return ordered.value.outcome;
  };
  const set = (key: string, value: unknown, nodes?: readonly string[], cluster = 'box') => {
    const scope = nodes === undefined ? 'cluster' : 'nodes';
    // The values here are JSON.
    return order(change(newId(), { scope, nodes: nodes ?? ['n1'], value: value as string }, { name: 'set', cluster, key }));
  };
  let sequence = 0;
  const tell = async (command: string, state: CommandState, { node = 'n1', cluster = 'box', ...more }: Partial<Target> & { cluster?: string } = {}): Promise<void> => {
    sequence += 1;
    const entry = incomingEntry(1, { kind: 'command', id: newId(), at: 0, command, state, ...more });
    expect(await store.applyBatch({ from: { cluster, node }, stream: `s${sequence}`, lane: 'report', entries: [entry] })).toMatchObject({ value: { outcome: 'applied' } });
  };
  const states = (id: string): unknown => Object.fromEntries((store.command(id)?.targets ?? []).map(({ node, state }) => [node, state]));
  return { change, clock, open, order, set, states, store, tell };
};

describe('a command', () => {
  test('is there with its nodes, which have not answered, also after a kill', async () => {
    await using folder = await temporaryFolder();
    const { change, clock, open, order, store } = begin(folder);
    const id = newId();
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    expect(await order(change(id, {}, { name: 'converge', rerunScripts: true, trace }))).toBe('done');
    copyDatabase(folder.at('store.db'), folder.at('killed.db'));
    const killed = open('killed.db');
    const target = (node: string) => ({ node, state: 'pending', changedAt: clock.now() });
    for (const one of [store, killed]) {
      expect(one.command(id)).toEqual({
        id,
        cluster: 'box',
        name: 'converge',
        rerunScripts: true,
        trace,
        issuedAt: clock.now(),
        expiresAt: clock.now() + hour,
        targets: [target('n1'), target('n2')],
      });
      expect(one.pendingTargets()).toMatchObject([{ command: { id, rerunScripts: true, trace }, node: 'n1' }, { command: { id }, node: 'n2' }]);
      await one.close();
    }
  });

  test('under an id that is there is known by the same words, and a conflict by others; nothing is written', async () => {
    await using folder = await temporaryFolder();
    const { change, order, store } = begin(folder);
    const id = newId();
    const set = { name: 'set', key: 'a' } as const;
    expect(await order(change(id, { value: 1 }, set))).toBe('done');
    expect(await order(change(id, { nodes: ['n3'], value: 1 }, set))).toBe('known');
    expect(await order(change(id, { request: 'other words', value: 2 }, set))).toBe('conflict');
    expect([store.revision(), store.settings('box'), store.command(id)?.targets.length]).toEqual([2, [{ key: 'a', value: 1 }], 2]);
    await store.close();
  });

  test('that cannot be written is an answer with a code, and neither it nor its setting is there', async () => {
    await using folder = await temporaryFolder();
    const opened = openDatabase(folder.at('small.db'), storeSchema, 'store_unwritable', 0);
    if (!opened.ok) throw new Error(opened.error.message);
    const { database } = opened.value;
    const { change, clock, store: unused } = begin(folder);
    const store = createStore(database, { clock });
    database.exec(`PRAGMA max_page_count = ${integerOf(database.prepare('PRAGMA page_count').get(), 'page_count')}`);
    const id = newId();
    const large = change(id, { value: 'v'.repeat(100_000) }, { name: 'set', key: 'a' });
    expect(await store.order(large)).toMatchObject({ ok: false, error: { code: 'store_unwritable' } });
    expect([store.command(id), store.settings('box'), store.revision()]).toEqual([undefined, [], 1]);
    database.exec('PRAGMA max_page_count = 1000000');
    expect(await store.order(large)).toMatchObject({ ok: true });
    expect([store.command(id)?.key, store.revision()]).toEqual(['a', 2]);
    await store.close();
    await unused.close();
  });

  test('shares its commit with batches that come at the same time', async () => {
    await using folder = await temporaryFolder();
    const { change, store } = begin(folder);
    const entries = [incomingEntry(1, { kind: 'log', id: newId(), at: 0, level: 'info', priority: 'low', message: 'm' })];
    const both = await Promise.all([store.applyBatch({ from: { cluster: 'box', node: 'n1' }, stream: 's', lane: 'report', entries }), store.order(change(newId()))]);
    expect(both).toMatchObject([{ ok: true }, { ok: true }]);
    await store.close();
  });

  test('leaves its words and its value nowhere but in the setting', async () => {
    await using folder = await temporaryFolder();
    const { change, order, store } = begin(folder);
    const id = newId();
    const set = change(id, { value: 'a secret', request: 'words with a secret', nodes: ['n1'] }, { name: 'set', key: 'a' });
    expect(await order(set)).toBe('done');
    expect(JSON.stringify([store.command(id), store.commands(10), store.pendingTargets()])).not.toContain('secret');
    expect(store.settings('box')).toEqual([{ key: 'a', value: 'a secret' }]);
    expect(await order({ ...set, request: 'other words' })).toBe('conflict');
    await order({ ...set, command: { ...set.command, id: newId() }, value: 'another', request: 'others' });
    await store.close();
    const opened = openDatabase(folder.at('store.db'), storeSchema, 'store_unwritable', 0);
    if (!opened.ok) throw new Error(opened.error.message);
    const { database } = opened.value;
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    expect(JSON.stringify(tables.map(({ name }) => database.prepare(`SELECT * FROM ${String(name)}`).all()))).not.toContain('secret');
    database.close();
  });

  test('is told among those that no node has ended, and only after a number that is given', async () => {
    await using folder = await temporaryFolder();
    const { change, order, store, tell } = begin(folder);
    const [first, second] = [newId(), newId()];
    await order(change(first));
    await order(change(second));
    await tell(first, 'accepted');
    await tell(second, 'done');
    const told = (after?: number): readonly unknown[] => store.pendingTargets(after).map(({ command, node, state }) => [command.id, node, state]);
    const all = [[first, 'n1', 'accepted'], [first, 'n2', 'pending'], [second, 'n2', 'pending']];
    expect(told()).toEqual(all);
    const number = store.pendingTargets()[0]!.number;
    expect([told(number), told(number + 1)]).toEqual([all.slice(2), []]);
    await store.close();
  });

  test('gives way when it is over and 10,000 are newer', async () => {
    await using folder = await temporaryFolder();
    const { change, clock, order, store } = begin(folder);
    const [old, lasting] = [newId(), newId()];
    await order(change(old, {}, { expiresAt: clock.now() + 1 }));
    await order(change(lasting, {}, { expiresAt: clock.now() + 10 * hour }));
    await Promise.all(Array.from({ length: 9_998 }, () => order(change(newId(), { nodes: [] }))));
    clock.step(1_000);
    expect(store.command(old)).toBeDefined();
    for (let more = 0; more < 3; more += 1) await order(change(newId(), { nodes: [] }));
    expect([store.command(old), store.command(lasting)?.id]).toEqual([undefined, lasting]);
    expect(store.targetState(old, 'n1')).toBeUndefined();
    await store.close();
  });
});

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

test('a list of commands ends with the one that brings it over a mebibyte', async () => {
  await using folder = await temporaryFolder();
  const { change, order, store } = begin(folder);
  const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: `v=${'x'.repeat(100_000)}` };
  await Promise.all(Array.from({ length: 20 }, () => order(change(newId(), { nodes: [] }, { trace }))));
  expect([store.commands(5).length, store.commands(1_000).length]).toEqual([5, 11]);
  await store.close();
});

test('commands are listed with the newest first, and how many nodes are in each state', async () => {
  await using folder = await temporaryFolder();
  const { change, order, store, tell } = begin(folder);
  const ids = [newId(), newId(), newId()];
  for (const id of ids) await order(change(id));
  await tell(ids[2]!, 'done');
  expect(store.commands(2)).toMatchObject([{ id: ids[2], nodes: { done: 1, pending: 1 } }, { id: ids[1], nodes: { pending: 2 } }]);
  expect(store.commands(2)[0]).not.toHaveProperty('targets');
  await store.close();
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
