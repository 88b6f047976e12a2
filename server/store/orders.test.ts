// What the server orders, through the store.
import { describe, expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import { integerOf } from '../../storage/columns.ts';
import { openDatabase } from '../../storage/database.ts';
import { copyDatabase } from '../../storage/testing/copy-database.ts';
import { temporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { storeSchema } from './schema.ts';
import { createStore } from './store.ts';
import { begin, hour, newId } from './testing/orders-stage.ts';

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
