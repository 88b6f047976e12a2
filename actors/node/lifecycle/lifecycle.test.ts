import { afterEach, describe, expect, test } from '@jest/globals';
import { fail, ok } from '../../../protocol/result.ts';
import { createWorld, type World } from '../../testing/world.ts';
import { beginLifecycle } from '../testing/lifecycle-stage.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = () => beginLifecycle((world = createWorld()));

const full = { code: 'state_unwritable', message: 'the disk is full' } as const;

describe('a wish to be ended', () => {
  test('is durable with its event before it is answered, and is told with its cause, its way and its reason', async () => {
    const { messaging, news, wish } = await begin();
    messaging.received.length = 0;
    const asked = await wish({ cause: 'idle', way: 'deallocate', reason: 'no jobs' });
    expect(asked).toEqual(ok({ request: expect.any(String), since: expect.any(Number), cause: 'idle', way: 'deallocate', reason: 'no jobs', already: false }));
    expect(news()).toEqual([
      { kind: 'shutdown', id: expect.any(String), at: expect.any(Number), request: asked.ok && asked.value.request, state: 'requested', cause: 'idle', way: 'deallocate', reason: 'no jobs' },
    ]);
    expect(messaging.received).toEqual([{ type: 'pending' }]);
  });

  test('that is made again is the same one: in the same words nothing is told, in others it is told in those', async () => {
    const { news, wish } = await begin();
    const first = await wish();
    expect(await wish()).toMatchObject({ ok: true, value: { already: true } });
    const second = await wish({ cause: 'unhealthy' });
    expect([first.ok && first.value.request, ...news().map((event) => event.request)]).toEqual(Array(3).fill(first.ok && first.value.request));
    expect(second).toMatchObject({ ok: true, value: { cause: 'unhealthy', already: false } });
  });

  test('is taken back once, and the next one is another', async () => {
    const { cancel, news, wish } = await begin();
    expect(await cancel()).toEqual(ok({ cancelled: false }));
    await wish();
    expect([await cancel(), await cancel()]).toEqual([ok({ cancelled: true }), ok({ cancelled: false })]);
    await wish();
    const told = news();
    expect(told.map(({ reason, state }) => [state, reason])).toEqual([['requested', undefined], ['withdrawn', 'it was cancelled'], ['requested', undefined]]);
    expect(new Set(told.map((event) => event.request)).size).toBe(2);
  });

  test('that cannot be kept is refused, and nothing is told', async () => {
    const { news, state, wish } = await begin();
    state.failWith = full;
    expect(await wish()).toEqual({ ok: false, error: full });
    state.failWith = undefined;
    expect([news(), await wish()]).toMatchObject([[], { ok: true, value: { already: false } }]);
  });

  test('outlives a restart of the daemon, and is told anew to a server that asks', async () => {
    const { news, restart, tell, wish } = await begin();
    const asked = await wish({ cause: 'idle' });
    await restart();
    expect(news()).toHaveLength(1);
    await tell({ type: 'tellStanding' });
    expect(news()).toMatchObject([{ request: asked.ok && asked.value.request, state: 'requested', cause: 'idle' }]);
  });

  test.each(['reboot', 'restartContainer', 'takeBack'] as const)('does not outlive the machine (%s): it is taken back, for the node that it was about has ended', async (how) => {
    const { bootClock, news, pass, restart, tell, wish } = await begin();
    await pass(1_000);
    await wish();
    await restart(() => bootClock[how](60_000));
    expect(news().map(({ reason, state }) => [state, reason])).toEqual([
      ['requested', undefined],
      ['withdrawn', 'the machine has begun anew since'],
    ]);
    await tell({ type: 'tellStanding' });
    expect(news()).toEqual([]);
  });

  test('of an earlier boot is none, also while it cannot be taken back: asked again in the same words it is another one, and that stands', async () => {
    const { bootClock, news, pass, restart, state, wish } = await begin();
    const old = await wish();
    await restart(() => {
      bootClock.reboot(60_000);
      state.failWith = full;
    });
    expect(await wish()).toEqual({ ok: false, error: full });
    state.failWith = undefined;
    const asked = await wish();
    expect(asked).toMatchObject({ ok: true, value: { already: false } });
    await pass(10_000);
    expect(await wish()).toMatchObject({ ok: true, value: { already: true } });
    const [first, second] = [old, asked].map((one) => one.ok && one.value.request);
    expect(news().slice(0, 3).map(({ request, state: how }) => [request, how])).toEqual([[first, 'requested'], [first, 'withdrawn'], [second, 'requested']]);
    expect(first).not.toBe(second);
  });

  test('that could not be told anew is told later', async () => {
    const { log, news, pass, state, tell, wish } = await begin();
    await wish();
    news();
    state.failWith = full;
    await tell({ type: 'tellStanding' });
    expect([news(), log.lines.at(-1)]).toEqual([[], 'warn: the wish to be ended could not be told: the disk is full']);
    state.failWith = undefined;
    await pass(10_000);
    expect(news()).toMatchObject([{ state: 'requested' }]);
  });
});

describe('what stands', () => {
  test('is nothing on a node of which nobody asked anything', async () => {
    const { view } = await begin();
    expect(await view()).toEqual(ok({ shutdown: undefined, endScripts: 0 }));
  });

  test('is the wish in its last words, since it was first made, and how many scripts run before the end, also after a restart', async () => {
    const { add, pass, restart, view, wish } = await begin();
    const since = world.clock.now();
    await wish({ cause: 'idle' });
    await pass(60_000);
    const asked = await wish({ cause: 'unhealthy', way: 'deallocate', reason: 'GPU 3 is lost' });
    await add('/a.sh');
    await add('/b.sh', '--now');
    await restart();
    const shutdown = { request: asked.ok && asked.value.request, since, cause: 'unhealthy', way: 'deallocate', reason: 'GPU 3 is lost' };
    expect(await view()).toEqual(ok({ shutdown, endScripts: 2 }));
  });

  test('is no wish any more when it was taken back', async () => {
    const { cancel, view, wish } = await begin();
    await wish();
    await cancel();
    expect(await view()).toMatchObject({ value: { shutdown: undefined } });
  });

  test('is no wish of an earlier boot, also while it cannot be taken back', async () => {
    const { bootClock, restart, state, view, wish } = await begin();
    await wish();
    await restart(() => {
      bootClock.reboot(60_000);
      state.failWith = full;
    });
    expect(await view()).toMatchObject({ value: { shutdown: undefined } });
  });

  test('is also a wish that an earlier version kept, which did not keep since when', async () => {
    const { bootClock, state, view } = await begin();
    await state.change([{ key: 'shutdown', value: { request: 'r', cause: 'idle', way: 'terminate', bootId: bootClock.bootId(), sinceBoot: 0 } }]);
    expect(await view()).toEqual(ok({ shutdown: { request: 'r', cause: 'idle', way: 'terminate' }, endScripts: 0 }));
  });
});

describe('scripts for the end', () => {
  test('are kept in the order in which they were registered, each once, also over a restart', async () => {
    const { add, list, restart } = await begin();
    await add('/b.sh', '--drain', 'two words');
    await add('/a.sh');
    await add('/b.sh');
    const all = { scripts: [{ path: '/b.sh', arguments: ['--drain', 'two words'] }, { path: '/a.sh', arguments: [] }, { path: '/b.sh', arguments: [] }] };
    expect(await add('/a.sh')).toEqual(ok(all));
    await restart();
    expect(await list()).toEqual(ok(all));
  });

  test('are removed by their path, whatever the arguments', async () => {
    const { add, list, remove } = await begin();
    for (const given of ['1', '2']) await add('/b.sh', given);
    await add('/a.sh');
    expect(await remove('/b.sh')).toEqual(ok({ scripts: [{ path: '/a.sh', arguments: [] }] }));
    expect(await remove('/b.sh')).toEqual(fail('script_unknown', '/b.sh is not registered'));
    expect(await list()).toEqual(ok({ scripts: [{ path: '/a.sh', arguments: [] }] }));
  });

  test.each([
    ['leave.sh', [], 'leave.sh is not an absolute path'],
    ['/a\0b', [], 'the path or an argument holds a zero byte'],
    ['/a', ['b\0'], 'the path or an argument holds a zero byte'],
  ])('%j with %j is refused', async (path, given, message) => {
    const { add } = await begin();
    expect(await add(path, ...given)).toEqual(fail('request_invalid', message));
  });

  test('are sixty-four at most', async () => {
    const { add } = await begin();
    for (let index = 0; index < 64; index += 1) await add(`/${index}`);
    expect(await add('/one-more')).toMatchObject({ ok: false, error: { code: 'busy' } });
  });
});
