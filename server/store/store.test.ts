import { describe, expect, test } from '@jest/globals';
import { incomingEntry } from '../../actors/server/intake-entry.ts';
import { nodeRecord } from '../../actors/server/testing/records.ts';
import type { JetpackEvent } from '../../protocol/events.ts';
import { integerOf } from '../../storage/columns.ts';
import { copyDatabase } from '../../storage/testing/copy-database.ts';
import { temporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { openStore } from './store.ts';
import { apply, batch, clock, common, log, messages, n1, n2, node, open, openSmall } from './testing/store-stage.ts';

const phase = (name: 'starting' | 'ready' | 'stopping' | 'failed', detail?: string): JetpackEvent => ({
  ...common(),
  kind: 'phase',
  phase: name,
  ...(detail === undefined ? {} : { detail }),
});

describe('a batch', () => {
  test('is stored, moves `applied` on, and is there after a restart, also by a kill', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    const outcome = await apply(store, batch(1, [log('one'), log('two')]));
    expect(outcome).toMatchObject({ outcome: 'applied', applied: 2 });
    if (outcome.outcome !== 'applied') throw new Error('not applied');
    copyDatabase(folder.at('store.db'), folder.at('killed.db'));
    await store.close();
    const killed = openStore(folder.at('killed.db'), { clock });
    if (!killed.ok) throw new Error(killed.error.message);
    for (const again of [open(folder).store, killed.value.store]) {
      expect(again.appliedOf('s', 'report')).toBe(2);
      expect(again.events({ limit: 10 })).toEqual(outcome.stored);
      expect(again.count()).toBe(2);
      await again.close();
    }
  });

  test('leaves out what is applied already', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    await apply(store, batch(1, [log('one'), log('two')]));
    const outcome = await apply(store, batch(1, [log('one again'), log('two again'), log('three')]));
    expect(outcome).toMatchObject({ outcome: 'applied', applied: 3, stored: [{ sequence: 3, message: 'three' }] });
    expect(await apply(store, batch(2, [log('two once more')]))).toEqual({ outcome: 'applied', applied: 3, stored: [] });
    expect(messages(store)).toEqual(['one', 'two', 'three']);
    await store.close();
  });

  test('that begins too far on is refused whole', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    expect(await apply(store, batch(2, [log('two')]))).toEqual({ outcome: 'gap', applied: 0 });
    expect(store.count()).toBe(0);
    expect(store.nodes()).toEqual([]);
    await store.close();
  });

  test('with a hole is applied up to the hole', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    const { entries, ...rest } = batch(1, [log('one'), log('two'), log('three')]);
    expect(await apply(store, { ...rest, entries: [entries[0]!, entries[2]!] })).toMatchObject({ outcome: 'applied', applied: 1 });
    expect(messages(store)).toEqual(['one']);
    await store.close();
  });

  test('with one sequence twice stores the first', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    const { entries, ...rest } = batch(1, [log('one')]);
    await apply(store, { ...rest, entries: [...entries, incomingEntry(1, log('another one'))] });
    expect(messages(store)).toEqual(['one']);
    await store.close();
  });

  test("in another node's stream is refused whole, and the owner named", async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    await apply(store, batch(1, [log('one')]));
    expect(await apply(store, batch(2, [log('two')], 's', n2))).toEqual({ outcome: 'conflict', owner: n1 });
    expect(messages(store)).toEqual(['one']);
    await store.close();
  });

  test('handed in with others shares their commit and comes in their order', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    const outcomes = await Promise.all([batch(1, [log('a')]), batch(2, [log('b')]), batch(1, [log('c')], 't', n2)].map((one) => store.applyBatch(one)));
    expect(outcomes.every((result) => result.ok && result.value.outcome === 'applied')).toBe(true);
    expect(store.events({ limit: 10 }).map(({ position, message }) => [position, message])).toEqual([[1, 'a'], [2, 'b'], [3, 'c']]);
    await store.close();
  });

  test('that cannot be written is an answer with a code, and neither events nor `applied` remain of it', async () => {
    await using folder = await temporaryFolder();
    const { database, store } = openSmall(folder);
    await apply(store, batch(1, [log('one')]));
    const pages = integerOf(database.prepare('PRAGMA page_count').get(), 'page_count');
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const large = batch(2, [log('two'), log('x'.repeat(50_000))]);
    expect(await store.applyBatch(large)).toMatchObject({ ok: false, error: { code: 'store_unwritable' } });
    expect([store.appliedOf('s', 'report'), store.count(), messages(store)]).toEqual([1, 1, ['one']]);
    database.exec('PRAGMA max_page_count = 1000000');
    expect(await apply(store, large)).toMatchObject({ outcome: 'applied', applied: 3, stored: [{ position: 2 }, { position: 3 }] });
    await store.close();
  });
});

describe('a tombstone', () => {
  const dropped = (from: number, to: number): JetpackEvent => ({ ...common(), kind: 'dropped', from, to, reason: 'the outbox was full' });

  test('is one event and moves `applied` over all it covers', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    expect(await apply(store, batch(1, [dropped(1, 7)]))).toMatchObject({ applied: 7 });
    expect(await apply(store, batch(8, [log('eight')]))).toMatchObject({ applied: 8 });
    await store.close();
  });

  test('that reaches back over what is applied is stored for what it adds', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    await apply(store, batch(1, [log('one'), log('two')]));
    expect(await apply(store, batch(2, [dropped(2, 5)]))).toMatchObject({ applied: 5, stored: [{ sequence: 2, kind: 'dropped' }] });
    expect(await apply(store, batch(2, [dropped(2, 5)]))).toMatchObject({ applied: 5, stored: [] });
    await store.close();
  });
});

describe('an event in the log', () => {
  test('is one line for a person, whatever its kind', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    const { id } = common();
    await apply(
      store,
      batch(1, [
        log('hello', 'medium'),
        node('1.2.3'),
        phase('starting'),
        phase('ready', 'all well'),
        phase('failed', 'demo/execute 20-join.py'),
        { ...common(), kind: 'undelivered', messageId: id, routingKey: 'a.b', reason: 'no queue is bound' },
        { ...common(), kind: 'dropped', from: 7, to: 7, reason: 'full' },
        { ...common(), kind: 'dropped', from: 8, to: 10, reason: 'full' },
      ]),
    );
    expect(store.events({ limit: 10 }).map(({ kind, level, priority, message }) => [kind, level, priority, message])).toEqual([
      ['log', 'info', 'medium', 'hello'],
      ['node', 'info', 'high', 'daemon started: version 1.2.3, pid 7, instance i-1'],
      ['phase', 'info', 'high', 'phase starting'],
      ['phase', 'info', 'high', 'phase ready: all well'],
      ['phase', 'error', 'high', 'phase failed: demo/execute 20-join.py'],
      ['undelivered', 'warn', 'high', `message ${id} to a.b was not delivered: no queue is bound`],
      ['dropped', 'warn', 'high', 'event 7 was dropped: full'],
      ['dropped', 'warn', 'high', 'events 8 to 10 were dropped: full'],
    ]);
    await store.close();
  });

  test('that cannot be read is kept raw with its reason and counts as applied', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    const future = { id: common().id, kind: 'eclipse', at: 55, depth: { total: true } };
    expect(await apply(store, batch(1, [future, 'text', null]))).toMatchObject({ applied: 3 });
    const [first, second, third] = store.events({ limit: 10 });
    expect(first).toMatchObject({ id: future.id, kind: 'eclipse', at: 55, level: 'warn', priority: 'medium', raw: JSON.stringify(future) });
    expect(first?.problem).toBe('the event has the unknown kind "eclipse"');
    expect(second).toMatchObject({ id: undefined, kind: 'unreadable', at: clock.now(), raw: '"text"', problem: 'the event is not a JSON object' });
    expect(third).toMatchObject({ raw: 'null' });
    await store.close();
  });
});

describe('what events tell of a node', () => {
  test('is its record, from the newest on', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    const ready = phase('ready');
    await apply(store, batch(1, [node('1'), phase('starting', 'booting'), ready]));
    expect(store.nodes()).toEqual([nodeRecord({ ...n1, instanceId: 'i-1', hostname: 'host', version: '1', phase: 'ready', phaseAt: ready.at })]);
    await store.close();
  });

  test('can be read of one node alone', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    await apply(store, batch(1, [node('1.0.0')]));
    await apply(store, batch(1, [node('2.0.0')], 't', n2));
    expect(store.nodes(n2)).toEqual(store.nodes().slice(1));
    expect(store.nodes({ cluster: 'lab', node: 'unknown' })).toEqual([]);
    await store.close();
  });

  test('and has told nothing of itself, is that it exists', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    await apply(store, batch(1, [log('hello')]));
    expect(store.nodes()).toMatchObject([{ ...n1, hostname: '', phase: 'unknown' }]);
    await store.close();
  });

  test('by an older stream that comes late changes nothing', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    await apply(store, batch(1, [node('1'), phase('starting')], 'older'));
    await apply(store, batch(1, [node('2'), phase('ready')], 'newer'));
    await apply(store, batch(3, [node('1'), phase('stopping')], 'older'));
    expect(store.nodes()).toMatchObject([{ version: '2', phase: 'ready' }]);
    await store.close();
  });
});
