import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { NewEntry, Outbox, OutboxStream } from '../../actors/node/messaging/ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { seededRandom, uuid7 } from '../../effects/random.ts';
import { decodeEvent } from '../../protocol/codec.ts';
import type { JetpackEvent, Priority } from '../../protocol/events.ts';
import { integerOf } from '../../storage/columns.ts';
import { openDatabase, type Database } from '../../storage/database.ts';
import { temporaryFolder, type TemporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { createOutbox, openOutbox, type OpenedOutbox, type OutboxOptions } from './outbox.ts';
import { outboxSchema } from './schema.ts';

const clock = new ManualClock();
const random = seededRandom(5);
const owner = { cluster: 'lab', node: 'n1', instanceId: 'i-1' };
const everything = { rows: 1_000, bytes: Infinity };

const open = (folder: TemporaryFolder, options: Partial<OutboxOptions> = {}, of = owner): OpenedOutbox => {
  const opened = openOutbox(folder.at('outbox.db'), of, { clock, random, deletionWaitMs: 0, ...options });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
};

const entry = (fields: Partial<NewEntry> = {}): NewEntry => ({
  id: uuid7(clock.now(), random),
  lane: 'report',
  priority: 'high',
  payload: '"payload"',
  repeatable: false,
  ...fields,
});

const append = async (outbox: Outbox, ...entries: readonly NewEntry[]) => {
  const appended = await outbox.append(entries);
  if (!appended.ok) throw new Error(appended.error.code);
  return appended.value;
};

const current = (outbox: Outbox): OutboxStream => outbox.streams().at(-1)!;

/** What a lane of a stream holds: `sequence` or `from-to`, with the first words of what it is. */
const contents = (outbox: Outbox, stream = current(outbox).stream): readonly string[] =>
  outbox.read(stream, 'report', 1, everything).map(({ sequence, through, payload }) => {
    const event = decodeEvent(JSON.parse(payload));
    const what = event.ok && event.value.kind === 'dropped' ? `dropped ${event.value.from}-${event.value.to}` : payload;
    return `${sequence === through ? sequence : `${sequence}-${through}`} ${what}`;
  });

const fill = (outbox: Outbox, ...priorities: readonly Priority[]) =>
  append(outbox, ...priorities.map((priority) => entry({ priority, payload: `"${priority}"` })));

describe('an accepted entry', () => {
  test('is there after the file is opened again, in order and without gaps', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const places = await append(outbox, entry({ payload: '1' }), entry({ payload: '2' }));
    expect(places.map(({ sequence, repeated }) => [sequence, repeated])).toEqual([[1, false], [2, false]]);
    const { stream } = current(outbox);
    await outbox.close();
    const { outbox: again } = open(folder);
    expect(contents(again, stream)).toEqual(['1 1', '2 2']);
    expect(again.depth()).toEqual({ rows: 2, bytes: 2 });
    await again.close();
  });

  test('is counted in its own lane', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const places = await append(outbox, entry(), entry({ lane: 'user' }), entry(), entry({ lane: 'user' }));
    expect(places.map(({ sequence }) => sequence)).toEqual([1, 1, 2, 2]);
    expect(current(outbox).last).toEqual({ report: 2, user: 2 });
    await outbox.close();
  });
});

describe('an id that may come again', () => {
  test('is accepted once, whether it comes in one call, in the next, after it was applied, or after a restart', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const once = entry({ repeatable: true });
    const [first, second] = await append(outbox, once, once);
    expect(second).toEqual({ ...first!, repeated: true });
    expect(await append(outbox, once)).toEqual([{ ...first!, repeated: true }]);
    await outbox.applied(first!.stream, 'report', 1);
    expect(outbox.depth().rows).toBe(0);
    expect(await append(outbox, once)).toEqual([{ ...first!, repeated: true }]);
    await outbox.close();
    const { outbox: again } = open(folder);
    expect(await append(again, once)).toEqual([{ ...first!, repeated: true }]);
    expect(again.depth().rows).toBe(0);
    await again.close();
  });

  test('is remembered for a number of ids, not for a time', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, { recentIds: 3 });
    const entries = Array.from({ length: 5 }, () => entry({ repeatable: true }));
    for (const one of entries) await append(outbox, one);
    const repeated = async (one: NewEntry) => (await append(outbox, one))[0]?.repeated;
    expect([await repeated(entries[4]!), await repeated(entries[2]!), await repeated(entries[0]!)]).toEqual([true, true, false]);
    await outbox.close();
  });

  test('is not remembered when its entry could not be written', async () => {
    await using folder = await temporaryFolder();
    const { database, outbox } = openSmall(folder);
    const once = entry({ repeatable: true, payload: large });
    fillDisk(database);
    expect(await outbox.append([once])).toMatchObject({ ok: false });
    freeDisk(database);
    expect(await append(outbox, once)).toMatchObject([{ repeated: false }]);
    await outbox.close();
  });

  test('is a matter of the caller: without it equal ids are two entries', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const twice = entry();
    expect((await append(outbox, twice, twice)).map(({ repeated }) => repeated)).toEqual([false, false]);
    await outbox.close();
  });
});

describe('a stream', () => {
  test('is new at every opening and names the one before it with its last sequence', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    await append(outbox, entry(), entry());
    const { stream, after } = current(outbox);
    expect(after).toBeUndefined();
    await outbox.close();
    const { outbox: again } = open(folder);
    expect(again.streams().map((one) => one.stream)).toEqual([stream, current(again).stream]);
    expect(current(again)).toMatchObject({ after: { stream, sequence: 2 }, last: { report: 0, user: 0 } });
    await again.close();
  });

  test('that gave nothing out is passed over', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    await append(outbox, entry());
    const { stream } = current(outbox);
    await outbox.close();
    for (let times = 0; times < 3; times += 1) await open(folder).outbox.close();
    const { outbox: last } = open(folder);
    expect(current(last).after).toEqual({ stream, sequence: 1 });
    await last.close();
  });

  test('knows how far it went when all its rows are gone', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const [place] = await append(outbox, entry(), entry(), entry());
    await outbox.applied(place!.stream, 'report', 3);
    await outbox.close();
    const { outbox: again } = open(folder);
    expect(current(again).after).toEqual({ stream: place!.stream, sequence: 3 });
    expect(again.streams()).toHaveLength(1);
    expect(again.find(place!.stream)).toMatchObject({ last: { report: 3 } });
    await again.close();
  });

  test('is forgotten a hundred openings after its last row went', async () => {
    await using folder = await temporaryFolder();
    const streams: string[] = [];
    for (let times = 0; times < 103; times += 1) {
      const { outbox } = open(folder);
      const [place] = await append(outbox, entry());
      await outbox.applied(place!.stream, 'report', 1);
      streams.push(place!.stream);
      await outbox.close();
    }
    const { outbox } = open(folder);
    expect(streams.map((stream) => outbox.find(stream) !== undefined)).toEqual([...Array(3).fill(false), ...Array(100).fill(true)]);
    expect(outbox.find(streams[3]!)?.after).toBeUndefined();
    expect(outbox.find(streams[4]!)?.after).toEqual({ stream: streams[3], sequence: 1 });
    await outbox.close();
  });

  test('is not named to anyone while its transaction may still be rolled back', async () => {
    await using folder = await temporaryFolder();
    const { database, outbox } = openSmall(folder);
    await append(outbox, entry());
    fillDisk(database);
    expect(await outbox.append([entry({ payload: large })])).toMatchObject({ ok: false, error: { code: 'outbox_unwritable' } });
    expect(current(outbox).last.report).toBe(1);
    freeDisk(database);
    expect(await append(outbox, entry())).toMatchObject([{ sequence: 2 }]);
    await outbox.close();
  });
});

describe('what the server has applied', () => {
  test('is deleted with the commit of the next entry, for which somebody waits, and by itself after a while', async () => {
    await using folder = await temporaryFolder();
    const time = new ManualClock();
    const { outbox } = open(folder, { clock: time, deletionWaitMs: 20 });
    const [first] = await append(outbox, entry(), entry(), entry());
    const one = outbox.applied(first!.stream, 'report', 1);
    expect(outbox.depth().rows).toBe(3);
    await append(outbox, entry());
    expect([await one, outbox.depth().rows]).toEqual([{ ok: true, value: undefined }, 3]);
    const two = outbox.applied(first!.stream, 'report', 2);
    await time.advance(20);
    expect([await two, outbox.depth().rows]).toEqual([{ ok: true, value: undefined }, 2]);
    await outbox.close();
  });

  test('is deleted up to its sequence, and only in its lane', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const { stream } = (await append(outbox, entry(), entry(), entry(), entry({ lane: 'user' })))[0]!;
    await outbox.applied(stream, 'report', 2);
    expect(contents(outbox)).toEqual(['3 "payload"']);
    expect(outbox.read(stream, 'user', 1, everything)).toHaveLength(1);
    expect(outbox.depth()).toEqual({ rows: 2, bytes: 18 });
    await outbox.close();
  });

  test('is ignored when it was never given out, or in a stream that is unknown', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const { stream } = (await append(outbox, entry()))[0]!;
    expect(await outbox.applied(stream, 'report', 2)).toEqual({ ok: true, value: undefined });
    expect(await outbox.applied(uuid7(0, random), 'report', 1)).toEqual({ ok: true, value: undefined });
    expect(outbox.depth().rows).toBe(1);
    await outbox.close();
  });

  test('may go further in an earlier stream than a restored file knows', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const { stream } = (await append(outbox, entry(), entry()))[0]!;
    await outbox.close();
    const { outbox: restored } = open(folder);
    await restored.applied(stream, 'report', 9);
    expect(restored.depth().rows).toBe(0);
    expect(restored.streams()).toHaveLength(1);
    await restored.close();
  });
});

describe('a message of the user lane', () => {
  test('is released by itself, whatever waits before it', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder);
    const { stream } = (await append(outbox, entry({ lane: 'user' }), entry({ lane: 'user' })))[0]!;
    await outbox.release(stream, 2);
    expect(outbox.read(stream, 'user', 1, everything).map(({ sequence }) => sequence)).toEqual([1]);
    await outbox.close();
  });

  test('leaves with a report once, however often it is released, and even when the outbox is full', async () => {
    await using folder = await temporaryFolder();
    const { outbox } = open(folder, { limit: { rows: 1, bytes: 1_000 } });
    const { stream } = (await append(outbox, entry({ lane: 'user' })))[0]!;
    const report = entry({ payload: '"undelivered"' });
    await Promise.all([outbox.release(stream, 1, report), outbox.release(stream, 1, report)]);
    expect(contents(outbox)).toEqual(['1 "undelivered"']);
    await outbox.close();
  });
});

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

const large = JSON.stringify('x'.repeat(50_000));

/** An outbox whose file the test can fill up. */
const openSmall = (folder: TemporaryFolder, limit = { rows: 100, bytes: 1_000_000 }): { readonly database: Database; readonly outbox: Outbox } => {
  const opened = openDatabase(folder.at('outbox.db'), outboxSchema(owner), 'outbox_unwritable', 0);
  if (!opened.ok) throw new Error(opened.error.message);
  const { database } = opened.value;
  return { database, outbox: createOutbox(database, { clock, random, limit, deletionWaitMs: 0 }) };
};

const fillDisk = (database: Database): void => {
  const pages = integerOf(database.prepare('PRAGMA page_count').get(), 'page_count');
  database.exec(`PRAGMA max_page_count = ${pages}`);
};

const freeDisk = (database: Database): void => database.exec('PRAGMA max_page_count = 1000000');
