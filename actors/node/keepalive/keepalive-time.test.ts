import { describe, expect, test } from '@jest/globals';
import { settle } from '../../testing/world.ts';
import { begin, hour, useKeepaliveStage } from '../testing/keepalive-stage.ts';

useKeepaliveStage();

describe('the time of a keepalive', () => {
  test.each([-24 * hour, 24 * hour])('is not changed by a step of the time of day of %i ms, and its expiry is corrected', async (step) => {
    const { clock, pass, reports, set, show, told } = await begin();
    await set(2 * hour);
    clock.step(step);
    await pass(60_000);
    expect(await show()).toEqual({ holds: true, remainingMs: 2 * hour - 60_000, expiresAt: clock.now() + 2 * hour - 60_000 });
    expect(reports().at(-1)).toMatchObject({ holds: true, expiresAt: clock.now() + 2 * hour - 60_000 });
    await pass(2 * hour - 60_000 + 100);
    expect(await show()).toEqual({ holds: false });
    expect(told().at(-1)).toBe(false);
  });

  test('goes on while the machine sleeps: its end is noticed within a minute of its waking', async () => {
    const { bootClock, pass, set, show, told } = await begin();
    await set(10 * hour);
    bootClock.suspend(11 * hour);
    expect(await show()).toEqual({ holds: false });
    await pass(60_000);
    expect(told()).toEqual([false, true, false]);
  });

  test('goes on over a restart of the daemon, whatever the time of day says', async () => {
    const { clock, pass, reports, restart, set, show, shown, told } = await begin();
    await set(2 * hour, 'why');
    await pass(hour);
    await restart(() => clock.step(-5 * hour));
    expect(await show()).toMatchObject({ holds: true, remainingMs: hour, reason: 'why' });
    expect(told()).toEqual([false, true, true, true]);
    expect(shown.file).toMatchObject({ expiresAt: clock.now() + hour });
    await pass(hour + 100);
    expect(await show()).toEqual({ holds: false });
    expect(reports().map((event) => event.kind === 'keepalive' && event.holds)).toEqual([true, true, false]);
  });

  test('is that of the wall clock over a reboot, and of the boot clock from then on', async () => {
    const { bootClock, clock, pass, restart, set, show } = await begin();
    await set(5 * hour);
    await restart(() => bootClock.reboot(2 * hour));
    expect(await show()).toMatchObject({ holds: true, remainingMs: 3 * hour });
    clock.step(24 * hour);
    await pass(hour);
    expect(await show()).toMatchObject({ holds: true, remainingMs: 2 * hour });
  });

  test('that ran out while the machine was down is over at the start, told and reported', async () => {
    const { bootClock, reports, restart, set, show, shown, state, told } = await begin();
    await set(hour);
    await restart(() => bootClock.reboot(2 * hour));
    expect(await show()).toEqual({ holds: false });
    expect([told().at(-1), shown.file, state.keys('')]).toEqual([false, undefined, []]);
    expect(reports().map((event) => event.kind === 'keepalive' && event.holds)).toEqual([true, false]);
  });

  test('is that of the wall clock when a container began anew on a machine that did not', async () => {
    const { bootClock, clock, pass, restart, set, show } = await begin();
    await pass(hour);
    await set(5 * hour);
    await restart(() => bootClock.restartContainer(2 * hour));
    expect(await show()).toMatchObject({ holds: true, remainingMs: 3 * hour });
    clock.step(24 * hour);
    await pass(hour);
    expect(await show()).toMatchObject({ holds: true, remainingMs: 2 * hour });
  });

  test('is that of the wall clock when the machine was taken back to a snapshot of its memory', async () => {
    const { bootClock, pass, restart, set, show } = await begin();
    await pass(hour);
    await set(5 * hour);
    await pass(3 * hour);
    await restart(() => bootClock.takeBack(4 * hour));
    expect(await show()).toMatchObject({ holds: true, remainingMs: 2 * hour });
  });

  test('is read as before where the moment it was set by the boot clock is not kept', async () => {
    const { clock, restart, set, show, state } = await begin();
    await set(5 * hour);
    const { setSinceBoot, ...former } = state.values.get('keepalive') as Record<string, number>;
    expect(setSinceBoot).toEqual(expect.any(Number));
    await restart(() => {
      state.values.set('keepalive', former);
      clock.step(-24 * hour);
    });
    expect(await show()).toMatchObject({ holds: true, remainingMs: 5 * hour });
  });

  test('is never longer than what was asked for, also when a reboot lost the time of day', async () => {
    const { bootClock, clock, restart, set, show } = await begin();
    await set(hour);
    await restart(() => {
      bootClock.reboot();
      clock.step(-clock.now());
    });
    expect(await show()).toMatchObject({ holds: true, remainingMs: hour });
  });
});

describe('what goes wrong around a keepalive', () => {
  test('an incarnation that follows another reads what that one was keeping, not what stood before', async () => {
    const { replace, set, show, state } = await begin();
    const change = state.change.bind(state);
    let commit: () => void = () => undefined;
    state.change = async (...step) => {
      await new Promise<void>((resolve) => (commit = resolve));
      return change(...step);
    };
    const asked = set(hour, 'in flight');
    asked.catch(() => undefined);
    await settle();
    const replaced = replace();
    await settle();
    commit();
    await replaced;
    await settle();
    expect(await show()).toMatchObject({ holds: true, reason: 'in flight' });
    expect(await Promise.allSettled([asked])).toMatchObject([{ status: 'rejected' }]);
  });

  test('one that cannot be kept is refused with the reason, and the former one goes on', async () => {
    const { cancel, set, show, state, told } = await begin();
    await set(hour, 'first');
    state.failWith = { code: 'state_unwritable', message: 'the disk is full' };
    expect(await set(2 * hour)).toEqual({ ok: false, error: state.failWith });
    expect(await cancel()).toEqual({ ok: false, error: state.failWith });
    expect(await show()).toMatchObject({ holds: true, reason: 'first', remainingMs: hour });
    expect(told()).toEqual([false, true]);
  });

  test('an end that cannot be kept is kept as soon as it can, and holds nothing off meanwhile', async () => {
    const { pass, set, show, state, told } = await begin();
    await set(hour);
    state.failWith = { code: 'state_unwritable', message: 'the disk is full' };
    await pass(hour + 30_000);
    expect(await show()).toEqual({ holds: false });
    expect(told()).toEqual([false, true]);
    state.failWith = undefined;
    await pass(10_000);
    expect(told()).toEqual([false]);
  });

  test('a file that cannot be written is a warning, and the keepalive holds', async () => {
    const { log, set, show, shown } = await begin();
    shown.fails = true;
    expect(await set(hour)).toMatchObject({ ok: true });
    expect(await show()).toMatchObject({ holds: true });
    expect(log.lines).toContain('warn: the keepalive cannot be shown to scripts: the file is in the way');
  });

  test.each([null, 5, 'forever', [], {}, { setAt: 'now', forever: true }, { setAt: 5 }, { setAt: 5, expiresAt: 1e15, bootId: 7, expiresSinceBoot: 5, durationMs: 5 }])(
    'what is kept as %j is no keepalive: that is said, and a new one can be set',
    async (kept) => {
      const { log, restart, set, show, state } = await begin();
      state.values.set('keepalive', kept);
      await restart();
      expect(await show()).toEqual({ holds: false });
      expect(log.lines).toContain('error: what is kept of the keepalive cannot be read: the node is not kept alive');
      expect(await set(hour)).toMatchObject({ ok: true });
    },
  );

  test('a restart has messaging look for a report that a former life left behind', async () => {
    const { messaging, restart } = await begin();
    messaging.received.length = 0;
    await restart();
    expect(messaging.received).toEqual([{ type: 'pending' }]);
  });
});
