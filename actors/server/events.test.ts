import { describe, expect, test } from '@jest/globals';
import { decodeFrame, encodeFrame } from '../../protocol/codec.ts';
import { fail, ok } from '../../protocol/result.ts';
import { address, newId, stream } from '../testing/frames.ts';
import { settle } from '../testing/world.ts';
import { acked, applied, begin, entry, type heldStore, record, useEventsStage } from './testing/events-stage.ts';

useEventsStage();

const phase = (): object => ({ kind: 'phase', id: newId(), at: 0, phase: 'ready' });

const resend = (from: number, to: number) => ({ kind: 'resend', body: { stream, lane: 'report', from, to } });

describe('a frame of events', () => {
  test('is acknowledged, and its node answered, when it is in the store and not before', async () => {
    const { answered, arrive, commit, transport } = await begin();
    const settled = await arrive([entry(1), entry(2)]);
    expect([settled, answered()]).toEqual([[], []]);
    await commit();
    expect([settled, answered()]).toEqual([acked, [applied(2)]]);
    expect(transport.received[0]?.to).toEqual(address);
    expect(decodeFrame(encodeFrame(transport.received[0]!.frame))).toMatchObject({ ok: true });
  });

  test('that comes early is acknowledged at once, and what is missing asked for: the node still has it', async () => {
    const { answered, arrive, commit, logged, pending } = await begin();
    expect(await arrive([entry(3)])).toEqual(acked);
    expect([pending, answered()]).toEqual([[], [resend(1, 2)]]);
    expect(logged.lines).toEqual(['info: lab/n1 is asked for 1 to 2 again']);
    const missing = await arrive([entry(1), entry(2)]);
    expect(pending[0]?.batch.entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    await commit();
    expect([missing, answered().at(-1)]).toEqual([acked, applied(3)]);
  });

  test('that comes while another of its node is with the store is acknowledged at once and applied after it', async () => {
    const { answered, arrive, commit, pending } = await begin();
    const first = await arrive([entry(1)]);
    expect(await arrive([entry(2)])).toEqual(acked);
    expect([first, pending.length]).toEqual([[], 1]);
    await commit();
    expect(pending.map(({ batch }) => batch.entries.map(({ sequence }) => sequence))).toEqual([[2]]);
    await commit();
    expect([first, answered()]).toEqual([acked, [applied(1), applied(2)]]);
  });

  test('that comes together with others of its lane is stored in one batch with them, and all are acknowledged with it', async () => {
    const { answered, arrive, commit, pending } = await begin();
    const frames = [arrive([entry(1)]), arrive([entry(2), entry(3)]), arrive([entry(4)])];
    const settled = await Promise.all(frames);
    expect(pending.map(({ batch }) => batch.entries.map(({ sequence }) => sequence))).toEqual([[1, 2, 3, 4]]);
    expect(settled).toEqual([[], [], []]);
    await commit();
    expect([settled, answered()]).toEqual([[acked, acked, acked], [applied(4)]]);
  });

  test('that follows many events is gathered with others for 20 ms at the most, and no longer when there is as much as is taken at once', async () => {
    const { arrive, clock, commit, pending } = await begin();
    const sequences = (): readonly number[] => pending.map(({ batch }) => batch.entries.length);
    const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => entry(from + index));
    await arrive(many(1, 32));
    await commit();
    for (let sequence = 33; sequence <= 35; sequence += 1) await arrive([entry(sequence)]);
    await clock.advance(19);
    await settle();
    expect(sequences()).toEqual([]);
    await clock.advance(1);
    await settle();
    expect(sequences()).toEqual([3]);
    await commit();
    await arrive(many(36, 32));
    await commit();
    await arrive(many(68, 2_047));
    expect(sequences()).toEqual([]);
    await arrive([entry(2_115)]);
    expect(sequences()).toEqual([2_048]);
  });

  test('that comes together with one of another node makes a batch of its own', async () => {
    const { arrive, pending } = await begin();
    const other = { cluster: 'lab', node: 'n2' };
    await Promise.all([arrive([entry(1)]), arrive([entry(1)], { from: other }), arrive([entry(2)])]);
    expect(pending.map(({ batch: { entries, from } }) => [from.node, entries.map(({ sequence }) => sequence)])).toEqual([['n1', [1]], ['n2', [1]]]);
  });

  test('that came before is answered again and stored no second time', async () => {
    const { answered, arrive, commit, pending } = await begin();
    await arrive([entry(1)]);
    await commit();
    expect(await arrive([entry(1)])).toEqual(acked);
    expect([pending, answered()]).toEqual([[], [applied(1), applied(1)]]);
  });

  test('is told, event by event, to whoever listens, and counted with the time it took', async () => {
    const { arrive, clock, commit, counted, lags, pending, told } = await begin();
    await arrive([entry(1), entry(2, phase())]);
    // What was found of its node's clock goes with it to the store.
    expect(pending[0]?.batch.entries.map(({ clockOffsetMs }) => clockOffsetMs)).toEqual([7, 7]);
    await clock.advance(7);
    await commit();
    expect(told.map(({ position }) => position)).toEqual([1, 2]);
    expect([counted, lags]).toEqual([[['reports', 7, undefined]], [['log', 40], ['phase', 40]]]);
  });

  test('tells the roster when it changes what is known of its node, and only then', async () => {
    const { arrive, commit, roster } = await begin();
    roster.received.length = 0;
    await arrive([entry(1)]);
    await commit();
    expect(roster.received).toEqual([]);
    await arrive([entry(2, phase())]);
    await commit();
    expect(roster.received).toEqual([{ type: 'changed', records: [record] }]);
  });
});

describe('a store that fails', () => {
  test.each([
    ['with an answer', (pending: ReturnType<typeof heldStore>['pending']) => pending.shift()?.settle(fail('store_unwritable', 'disk full'))],
    ['by a crash', (pending: ReturnType<typeof heldStore>['pending']) => pending.shift()?.crash(new Error('disk full'))],
  ])('%s has the frame acknowledged and not answered: its node sends it again, and then it is stored', async (_how, give) => {
    const { answered, arrive, commit, counted, logged, pending, told, watching } = await begin();
    const settled = await arrive([entry(1)]);
    give(pending);
    await settle();
    expect([settled, answered(), told]).toEqual([acked, [], []]);
    expect(logged.lines).toEqual([expect.stringMatching(/^error: events of lab\/n1 could not be stored: .*disk full$/)]);
    expect([logged.fields, counted]).toEqual([[{ code: 'store_unwritable' }], [['reports', 0, 'store_unwritable']]]);
    await arrive([entry(1)]);
    await commit();
    expect([answered(), watching.crashes]).toEqual([[applied(1)], []]);
  });

  test('because another server has opened it since is a crash: this one has nothing to write to', async () => {
    const { arrive, pending, watching } = await begin();
    const settled = await arrive([entry(1)]);
    pending.shift()?.settle(fail('store_fenced', 'its epoch is 2'));
    await settle();
    expect([settled, watching.crashes]).toMatchObject([[{ ok: false, error: { code: 'actor_crashed' } }], [{ error: { code: 'store_fenced', message: 'its epoch is 2' } }]]);
  });
});

describe("a frame in another node's stream", () => {
  test('is acknowledged, and its sender told why it is refused', async () => {
    const { arrive, logged, pending, told, transport } = await begin();
    const settled = await arrive([entry(1)]);
    pending.shift()?.settle(ok({ outcome: 'conflict', owner: { cluster: 'lab', node: 'n9' } }));
    await settle();
    const message = `stream ${stream} belongs to lab/n9: two nodes share one run/ folder, or one was cloned`;
    expect(transport.received).toMatchObject([{ to: address, frame: { kind: 'refused', body: { code: 'stream_conflict', message } } }]);
    expect([settled, told, logged.lines]).toEqual([acked, [], [`error: lab/n1 was refused: ${message}`]]);
  });
});
