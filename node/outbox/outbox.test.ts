import { describe, expect, test } from '@jest/globals';
import type { NewEntry } from '../../actors/node/messaging/ports.ts';
import { ManualClock } from '../../effects/manual-clock.ts';
import { uuid7 } from '../../effects/random.ts';
import { temporaryFolder } from '../../storage/testing/temporary-folder.ts';
import { append, contents, current, entry, everything, fillDisk, freeDisk, large, open, openSmall, random } from './testing/outbox-stage.ts';

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
