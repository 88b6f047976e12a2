import { afterEach, describe, expect, test } from '@jest/globals';
import { ManualBootClock } from '../../../effects/manual-boot-clock.ts';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import { keepalive, type KeepaliveChanged, type KeepaliveMessage, type KeepaliveView } from './keepalive.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { MemoryState } from '../testing/memory-state.ts';

let world: World;
afterEach(() => world.system.stop());

const hour = 3_600_000;

const begin = async () => {
  world = createWorld();
  const { clock, system } = world;
  const state = new MemoryState();
  const bootClock = new ManualBootClock(clock);
  const log = recordLog();
  const messaging = probe<DrainPending>(system, 'messaging');
  const observer = probe<KeepaliveChanged>(system, 'observer');
  /** What stands in the file. */
  const shown = { file: undefined as KeepaliveView | undefined, fails: false };
  const file = {
    write: async (view: KeepaliveView): Promise<Result<void>> => {
      if (shown.fails) return fail('state_unwritable', 'the file is in the way');
      shown.file = view;
      return ok(undefined);
    },
    remove: async (): Promise<Result<void>> => {
      shown.file = undefined;
      return ok(undefined);
    },
  };
  const ports = { state, file, messaging: messaging.ref, observers: [observer.ref], bootClock, clock, random: seededRandom(1), logger: log.logger };
  const spawn = () => system.spawn('keepalive', keepalive(ports), supervise('end'));
  let incarnation = spawn();
  const ref: ActorRef<KeepaliveMessage> = system.ref('keepalive');
  await settle();
  const ask = async <R>(question: (reply: Reply<R>) => KeepaliveMessage): Promise<R> => {
    const asked = system.ask(ref, question, { timeoutMs: 5_000 });
    await settle();
    const answer = await asked;
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.value;
  };
  return {
    bootClock,
    clock,
    log,
    messaging,
    shown,
    state,
    set: (durationMs: number | undefined, reason?: string): Promise<Result<KeepaliveView>> => ask((reply) => ({ type: 'set', durationMs, reason, reply })),
    cancel: (): Promise<Result<KeepaliveView>> => ask((reply) => ({ type: 'cancel', reply })),
    tellStanding: async () => {
      system.tell(ref, { type: 'tellStanding' });
      await settle();
    },
    /** A crash's end: whatever is under way, the next incarnation begins when this one has given up what it held. */
    replace: () => incarnation.end().then(() => (incarnation = spawn())),
    show: (): Promise<KeepaliveView> => ask((reply) => ({ type: 'show', reply })),
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    /** What the observer was told since the last look. */
    told: () => observer.received.splice(0).map(({ holds }) => holds),
    reports: () => state.reports.map(({ event }) => event),
    restart: async (meanwhile: () => void = () => undefined) => {
      await incarnation.end();
      meanwhile();
      incarnation = spawn();
      await settle();
    },
    set2: (...requests: ReadonlyArray<(reply: Reply<Result<KeepaliveView>>) => KeepaliveMessage>) => Promise.all(requests.map((request) => ask(request))),
  };
};

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
