import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { EventQuery, Store } from '../../actors/server/ports.ts';
import { textOf } from '../../storage/columns.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { createStore, openStore } from './store.ts';
import { apply, batch, clock, log, messages, n1, n2, open, openSmall } from './testing/store-stage.ts';

describe('reading the log', () => {
  const setUp = async (folder: TemporaryFolder): Promise<Store> => {
    const { store } = open(folder);
    await apply(store, batch(1, [log('a1'), log('a2', 'medium'), log('a3', 'high')], 's'));
    await apply(store, batch(1, [log('b1', 'high'), log('b2')], 't', n2));
    await apply(store, batch(1, [log('c1', 'medium')], 'u', { cluster: 'other', node: 'n1' }));
    return store;
  };

  test.each<[Partial<EventQuery>, readonly string[]]>([
    [{}, ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']],
    [{ limit: 2 }, ['b2', 'c1']],
    [{ limit: 2, after: 1 }, ['a2', 'a3']],
    [{ after: 6 }, []],
    [{ cluster: 'lab' }, ['a1', 'a2', 'a3', 'b1', 'b2']],
    [{ node: 'n1' }, ['a1', 'a2', 'a3', 'c1']],
    [{ cluster: 'lab', node: 'n1' }, ['a1', 'a2', 'a3']],
    [{ cluster: 'lab', node: 'n1', limit: 1 }, ['a3']],
    [{ cluster: 'none' }, []],
    [{ priority: 'low' }, ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']],
    [{ priority: 'medium' }, ['a2', 'a3', 'b1', 'c1']],
    [{ priority: 'high' }, ['a3', 'b1']],
    [{ priority: 'high', cluster: 'lab', node: 'n2', after: 1 }, ['b1']],
  ])('by %j gives %j', async (query, expected) => {
    await using folder = await temporaryFolder();
    const store = await setUp(folder);
    expect(messages(store, query)).toEqual(expected);
    await store.close();
  });

  test('gives fewer than asked for when they are large, and the rest from there on', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    const letters = ['a', 'b', 'c', 'd', 'e'];
    await apply(store, batch(1, letters.map((letter) => log(letter.repeat(400_000)))));
    const read = (query: Partial<EventQuery>): string => messages(store, query).map((message) => message[0]).join('');
    expect([read({ after: 0 }), read({ after: 3 }), read({})]).toEqual(['abc', 'de', 'cde']);
    await apply(store, batch(6, [log('f'.repeat(1_000_000)), log('g')]));
    expect([read({ after: 5, limit: 1 }), read({ after: 5 })]).toEqual(['f', 'fg']);
    await store.close();
  });

  test('never sorts the log, nor reads what its indexes can leave out', async () => {
    await using folder = await temporaryFolder();
    const { database, store } = openSmall(folder);
    await apply(store, batch(1, [log('a1')]));
    await apply(store, batch(1, [log('b1')], 't', n2));
    const plan = (query: Partial<EventQuery>): string => {
      const statements: string[] = [];
      const prepare = database.prepare.bind(database);
      database.prepare = (sql, options) => {
        statements.push(sql);
        return prepare(sql, options);
      };
      createStore(database, { clock }).events({ limit: 1, ...query });
      database.prepare = prepare;
      const sql = statements.at(-1) ?? '';
      const values = Array<number>(sql.split('?').length - 1).fill(1);
      return prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values).map((row) => textOf(row, 'detail')).join('; ');
    };
    for (const query of [{}, { after: 1 }, { cluster: 'lab' }, { ...n1 }, { priority: 'medium' as const }]) expect(plan(query)).not.toContain('TEMP B-TREE');
    expect(plan({ ...n1 })).toContain('SEARCH e USING INDEX events_of_node');
    expect(plan({ priority: 'high' })).toContain('e USING INDEX events_above_low');
    await store.close();
  });
});

describe('retention', () => {
  test('keeps the newest events, and a position is never taken twice', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder, { retention: 10 });
    for (let first = 1; first <= 100; first += 4) await apply(store, batch(first, [log(`${first}`), log(`${first + 1}`), log(`${first + 2}`), log(`${first + 3}`)]));
    expect(store.count()).toBeGreaterThanOrEqual(10);
    expect(store.count()).toBeLessThan(20);
    expect(store.events({ limit: 100 })).toHaveLength(store.count());
    expect(store.events({ limit: 1 })).toMatchObject([{ position: 100, message: '100' }]);
    await store.close();
    const { store: again } = open(folder, { retention: 10 });
    expect(await apply(again, batch(101, [log('next')]))).toMatchObject({ stored: [{ position: 101 }] });
    await again.close();
  });

  test('that was lowered is reached step by step', async () => {
    await using folder = await temporaryFolder();
    const { store } = open(folder);
    for (let first = 1; first <= 3_000; first += 500) await apply(store, batch(first, Array.from({ length: 500 }, () => log('m'))));
    await store.close();
    const { store: lowered } = open(folder, { retention: 100 });
    await apply(lowered, batch(3_001, [log('m')]));
    expect(lowered.count()).toBe(2_000);
    for (let sequence = 3_002; sequence <= 3_004; sequence += 1) await apply(lowered, batch(sequence, [log('m')]));
    expect(lowered.count()).toBeLessThan(200);
    await lowered.close();
  });
});

describe('a file that cannot be used', () => {
  test('because it is damaged is set aside, and a fresh store begins', async () => {
    await using folder = await temporaryFolder();
    writeFileSync(folder.at('store.db'), 'not a database '.repeat(100));
    const { store, setAside } = open(folder);
    expect(setAside?.reason).toMatch(/corrupt/);
    expect(store.count()).toBe(0);
    await store.close();
  });

  test('because it cannot be made is an answer with a code', async () => {
    await using folder = await temporaryFolder();
    expect(openStore(folder.at('missing/store.db'), { clock })).toMatchObject({ ok: false, error: { code: 'store_unwritable' } });
  });
});
