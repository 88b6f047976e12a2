import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Outbox } from '../../actors/node/messaging/ports.ts';
import type { JetpackEvent, Priority } from '../../protocol/events.ts';
import { temporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { openOutbox } from './outbox.ts';
import { append, clock, contents, current, entry, everything, fillDisk, freeDisk, large, open, openSmall, owner, random } from './testing/outbox-stage.ts';

const fill = (outbox: Outbox, ...priorities: readonly Priority[]) =>
  append(outbox, ...priorities.map((priority) => entry({ priority, payload: `"${priority}"` })));

describe('when the outbox is full', () => {
  const small = { limit: { rows: 4, bytes: 1_000_000 } };

  test('the oldest of the lowest priority gives way, and a tombstone tells of it', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, small);
    await fill(outbox, 'medium', 'low', 'high', 'low');
    await fill(outbox, 'high');
    expect(contents(outbox)).toEqual(['1 "medium"', '2 dropped 2-2', '3 "high"', '4 "low"', '5 "high"']);
    await outbox.close();
  });

  test('tombstones side by side are one, whichever of them came first', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, small);
    await fill(outbox, 'low', 'medium', 'low', 'high');
    await fill(outbox, 'high', 'high');
    expect(contents(outbox)).toEqual(['1 dropped 1-1', '2 "medium"', '3 dropped 3-3', '4 "high"', '5 "high"', '6 "high"']);
    const ids = new Set(outbox.read(current(outbox).stream, 'report', 1, everything).map(({ payload }) => (JSON.parse(payload) as JetpackEvent).id));
    await fill(outbox, 'high');
    expect(contents(outbox)).toEqual(['1-3 dropped 1-3', '4 "high"', '5 "high"', '6 "high"', '7 "high"']);
    const [merged] = outbox.read(current(outbox).stream, 'report', 1, everything);
    expect(ids.has((JSON.parse(merged!.payload) as JetpackEvent).id)).toBe(false);
    await outbox.close();
  });

  test('neither high priority nor the user lane gives way: the caller is told', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, small);
    await fill(outbox, 'high', 'high', 'high');
    await append(outbox, entry({ lane: 'user', priority: 'low' }));
    expect(await outbox.append([entry()])).toMatchObject({ ok: false, error: { code: 'outbox_full' } });
    expect(outbox.depth().rows).toBe(4);
    await outbox.close();
  });

  test('nothing gives way to what is less important than itself', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, small);
    await fill(outbox, 'medium', 'medium', 'medium', 'medium');
    expect(await outbox.append([entry({ priority: 'low' })])).toMatchObject({ ok: false, error: { code: 'outbox_full' } });
    await fill(outbox, 'medium');
    expect(contents(outbox)[0]).toBe('1 dropped 1-1');
    await outbox.close();
  });

  test('a call that does not fit as a whole changes nothing', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, small);
    await fill(outbox, 'low', 'high', 'high', 'high');
    expect(await outbox.append([entry(), entry()])).toMatchObject({ ok: false, error: { code: 'outbox_full' } });
    expect(contents(outbox)[0]).toBe('1 "low"');
    await outbox.close();
  });

  test('bytes are bounded as rows are', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, { limit: { rows: 1_000, bytes: 300 } });
    for (let times = 0; times < 5; times += 1) await append(outbox, entry({ priority: 'low', payload: JSON.stringify('x'.repeat(98)) }));
    expect(contents(outbox).map((line) => line.slice(0, 11))).toEqual(['1-2 dropped', '3 "xxxxxxxx', '4 "xxxxxxxx', '5 "xxxxxxxx']);
    await outbox.close();
  });

  test('it is as full after a restart, and the oldest is still found first, over all streams', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, small);
    await fill(outbox, 'low', 'low');
    const { stream } = current(outbox);
    await outbox.close();
    const { outbox: again } = open(folder, small);
    await fill(again, 'low', 'low', 'low');
    expect(contents(again, stream)).toEqual(['1 dropped 1-1', '2 "low"']);
    await again.applied(stream, 'report', 2);
    await fill(again, 'high', 'high');
    expect(contents(again)).toEqual(['1 dropped 1-1', '2 "low"', '3 "low"', '4 "high"', '5 "high"']);
    await again.close();
  });

  test('what gave way in a transaction that failed is back', async () => {
    await using folder = await temporaryFolder();
    const { database, outbox } = openSmall(folder, { rows: 3, bytes: 1_000_000 });
    await fill(outbox, 'low', 'low', 'high');
    fillDisk(database);
    expect(await outbox.append([entry({ payload: large })])).toMatchObject({ ok: false, error: { code: 'outbox_unwritable' } });
    freeDisk(database);
    expect(contents(outbox)).toEqual(['1 "low"', '2 "low"', '3 "high"']);
    await fill(outbox, 'high');
    expect(contents(outbox)).toEqual(['1 dropped 1-1', '2 "low"', '3 "high"', '4 "high"']);
    await outbox.close();
  });
});

describe('reading', () => {
  test('ends when rows or bytes are passed, and gives at least one', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    await append(outbox, ...Array.from({ length: 5 }, () => entry({ payload: '"ten chars"' })));
    const { stream } = current(outbox);
    const sequences = (rows: number, bytes: number) => outbox.read(stream, 'report', 2, { rows, bytes }).map(({ sequence }) => sequence);
    expect([sequences(2, 1_000), sequences(10, 25), sequences(10, 1)]).toEqual([[2, 3], [2, 3], [2]]);
    await outbox.close();
  });

  test('from within a tombstone gives that tombstone', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, { limit: { rows: 2, bytes: 10_000 } });
    await fill(outbox, 'low', 'low');
    await fill(outbox, 'high', 'high');
    const rows = outbox.read(current(outbox).stream, 'report', 2, everything);
    expect(rows.map(({ sequence, through }) => [sequence, through])).toEqual([[1, 2], [3, 3], [4, 4]]);
    await outbox.close();
  });

  test('of a tombstone that is applied in part goes on until all of it is', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, { limit: { rows: 2, bytes: 10_000 } });
    await fill(outbox, 'low', 'low');
    await fill(outbox, 'high', 'high');
    const { stream } = current(outbox);
    await outbox.applied(stream, 'report', 1);
    expect(contents(outbox)[0]).toBe('1-2 dropped 1-2');
    await outbox.applied(stream, 'report', 2);
    expect(contents(outbox)).toEqual(['3 "high"', '4 "high"']);
    await outbox.close();
  });
});

describe('a file that cannot be used', () => {
  test('because it is of another instance is set aside: its events are not ours', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    await append(outbox, entry());
    await outbox.close();
    const cloned = open(folder, {}, { ...owner, instanceId: 'i-2' });
    expect(cloned.setAside?.reason).toBe('it belongs to node n1 of cluster lab on instance i-1, and this is node n1 of cluster lab on instance i-2');
    expect(cloned.outbox.depth().rows).toBe(0);
    expect(current(cloned.outbox).after).toBeUndefined();
    await cloned.outbox.close();
  });

  test('because it is damaged is set aside, and a new stream begins', async () => {
    await using folder = await temporaryFolder();
    writeFileSync(folder.at('outbox.db'), 'not a database '.repeat(100));
    const { outbox, setAside } = open(folder);
    expect(setAside?.reason).toMatch(/corrupt/);
    expect(await append(outbox, entry())).toMatchObject([{ sequence: 1 }]);
    await outbox.close();
  });

  test('because it cannot be made is an answer with a code', async () => {
    await using folder = await temporaryFolder();
    expect(openOutbox(folder.at('missing/outbox.db'), owner, { clock, random })).toMatchObject({ ok: false, error: { code: 'outbox_unwritable' } });
  });
});
