import { describe, expect, test } from '@jest/globals';
import { begin, hour, useKeepaliveStage, world } from '../testing/keepalive-stage.ts';

useKeepaliveStage();

describe('a keepalive', () => {
  test('does not hold until it is set, and observers know that from the start', async () => {
    const { reports, show, shown, told } = await begin();
    expect(await show()).toEqual({ holds: false });
    expect([told(), shown.file, reports()]).toEqual([[false], undefined, []]);
  });

  test('that is set holds, is told to observers, reported with expiry and reason, and shown in its file', async () => {
    const { clock, messaging, reports, set, show, shown, told } = await begin();
    const expiresAt = clock.now() + 2 * hour;
    expect(await set(2 * hour, ' a look at\nthe GPU ')).toEqual({ ok: true, value: { holds: true, expiresAt, remainingMs: 2 * hour, reason: 'a look at the GPU' } });
    expect(told()).toEqual([false, true]);
    expect(shown.file).toMatchObject({ expiresAt, reason: 'a look at the GPU' });
    expect(reports()).toEqual([expect.objectContaining({ kind: 'keepalive', holds: true, expiresAt, reason: 'a look at the GPU' })]);
    expect(messaging.received.length).toBe(2);
    expect(await show()).toMatchObject({ holds: true });
  });

  test('ends when its time is over, to the second, and that is told and reported once', async () => {
    const { pass, reports, set, show, shown, state, told } = await begin();
    await set(hour);
    await pass(hour - 1_000);
    expect(await show()).toMatchObject({ holds: true, remainingMs: 1_000 });
    await pass(1_100);
    expect(await show()).toEqual({ holds: false });
    expect(told()).toEqual([false, true, false]);
    await pass(10 * hour);
    expect([reports().map((event) => event.kind === 'keepalive' && event.holds), shown.file, state.keys('')]).toEqual([[true, false], undefined, []]);
  });

  test('without an end never ends', async () => {
    const { pass, set, show } = await begin();
    expect(await set(undefined, 'for ever')).toEqual({ ok: true, value: { holds: true, reason: 'for ever' } });
    await pass(400 * 24 * hour);
    expect(await show()).toEqual({ holds: true, reason: 'for ever' });
  });

  test('that is set again is replaced, shorter or longer', async () => {
    const { pass, reports, set, show } = await begin();
    await set(undefined, 'first');
    await set(hour);
    expect(await show()).toEqual({ holds: true, expiresAt: expect.any(Number), remainingMs: hour });
    await set(3 * hour);
    await pass(2 * hour);
    expect(await show()).toMatchObject({ holds: true });
    expect(reports().length).toBe(3);
  });

  test('that is cancelled ends at once; where nothing holds, that is said and nothing reported', async () => {
    const { cancel, reports, set, shown, told } = await begin();
    expect(await cancel()).toEqual({ ok: true, value: { holds: false, cancelled: false } });
    expect(reports()).toEqual([]);
    await set(hour);
    expect(await cancel()).toEqual({ ok: true, value: { holds: false, cancelled: true } });
    expect([told(), shown.file]).toEqual([[false, true, false], undefined]);
    expect(reports().at(-1)).toMatchObject({ kind: 'keepalive', holds: false });
  });

  test('requests that come together are met one after another, in their order', async () => {
    const { reports, set2, show } = await begin();
    const results = await set2(
      (reply) => ({ type: 'set', durationMs: hour, reason: 'a', reply }),
      (reply) => ({ type: 'cancel', reply }),
      (reply) => ({ type: 'set', durationMs: undefined, reason: 'b', reply }),
    );
    expect(results).toMatchObject([{ value: { reason: 'a' } }, { value: { cancelled: true } }, { value: { reason: 'b' } }]);
    expect(await show()).toEqual({ holds: true, reason: 'b' });
    expect(reports().map((event) => event.kind === 'keepalive' && event.holds)).toEqual([true, false, true]);
  });

  test.each([0, -5, Number.NaN, Number.POSITIVE_INFINITY, 3_650 * 24 * hour + 1])('of %p ms is refused and changes nothing', async (durationMs) => {
    const { reports, set, show } = await begin();
    expect(await set(durationMs)).toMatchObject({ ok: false, error: { code: 'request_invalid' } });
    expect([await show(), reports()]).toEqual([{ holds: false }, []]);
  });
});

describe('a keepalive that stands', () => {
  test('is reported anew when that is asked for, with its expiry and reason; nothing else changes', async () => {
    const { messaging, pass, reports, set, show, state, tellStanding, told } = await begin();
    await set(2 * hour, 'why');
    await pass(hour);
    const [kept, before] = [state.values.get('keepalive'), await show()];
    messaging.received.length = 0;
    told();
    await tellStanding();
    const [first, second, ...more] = reports();
    expect(second).toEqual({ ...first, id: expect.any(String), at: world.clock.now() });
    expect(second!.id).not.toBe(first!.id);
    expect([more, told(), messaging.received, state.values.get('keepalive'), await show()]).toEqual([[], [], [{ type: 'pending' }], kept, before]);
  });

  test('is told after what was under way, once for many who ask; where nothing holds, there is nothing to tell', async () => {
    const { cancel, reports, set, tellStanding } = await begin();
    await tellStanding();
    expect(reports()).toEqual([]);
    await Promise.all([set(hour), tellStanding(), tellStanding(), tellStanding()]);
    expect(reports().map((event) => event.kind === 'keepalive' && event.holds)).toEqual([true, true]);
    await cancel();
    await tellStanding();
    expect(reports().length).toBe(3);
  });

  test('that could not be told is told as soon as it can', async () => {
    const { log, pass, reports, set, state, tellStanding } = await begin();
    await set(undefined, 'for ever');
    state.failWith = { code: 'state_unwritable', message: 'the disk is full' };
    await tellStanding();
    expect(log.lines.at(-1)).toBe('warn: the keepalive could not be told anew: the disk is full');
    state.failWith = undefined;
    await pass(10_000);
    await pass(60_000);
    expect(reports().map((event) => event.kind === 'keepalive' && event.reason)).toEqual(['for ever', 'for ever']);
  });
});
