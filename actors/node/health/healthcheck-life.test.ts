import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../../../protocol/result.ts';
import { newId } from '../../testing/frames.ts';
import { settle } from '../../testing/world.ts';
import type { SetCondition } from './set-conditions.ts';
import { begin, everyMs, exits, useHealthcheckStage, world } from '../testing/healthcheck-stage.ts';

useHealthcheckStage();

describe('what stands', () => {
  test('is reported anew when that is asked for: every condition, and every request under its own id', async () => {
    const { messaging, news, reports, round, scene, tellStanding, view } = await begin({ a: exits(254, 'GPU lost'), b: exits(0), c: exits(1, 'no idea') });
    await round();
    news();
    const [before, known] = [reports(), await view()];
    messaging.received.length = 0;
    await tellStanding();
    expect([messaging.received, await view()]).toEqual([[{ type: 'pending' }], known]);
    expect(news()).toEqual(['a Error', 'b OK', 'c Unknown', 'requested a']);
    const again = reports().slice(before.length);
    const [original] = before.filter(({ kind }) => kind === 'termination');
    expect(again.at(-1)).toEqual({ ...original, id: expect.any(String), at: expect.any(Number) });
    expect(again[2]).toMatchObject({ message: 'exited with code 1', details: 'no idea' });
    expect(new Set(reports().map(({ id }) => id)).size).toBe(before.length + 4);
    // It is not made again for that, and taken back as ever.
    await round();
    scene.checks.set('a', exits(0));
    await round();
    expect(news()).toEqual(['a OK', 'withdrawn a']);
  });

  test('is nothing where no check has run', async () => {
    const { messaging, news, tellStanding } = await begin();
    messaging.received.length = 0;
    await tellStanding();
    expect([news(), messaging.received]).toEqual([[], []]);
  });

  test('is told once more for all who ask while it is told, and no more often', async () => {
    const { news, round, state, tellStanding } = await begin({ a: exits(0) });
    await round();
    news();
    const change = state.change.bind(state);
    let commit: () => void = () => undefined;
    const committed = new Promise<void>((resolve) => (commit = resolve));
    state.change = (...step) => committed.then(() => change(...step));
    for (const _ of [1, 2, 3, 4]) await tellStanding();
    expect(news()).toEqual([]);
    commit();
    await settle();
    expect(news()).toEqual(['a OK', 'a OK']);
  });

  test('and could not be told is told as soon as it can', async () => {
    const { log, news, pass, round, state, tellStanding } = await begin({ a: exits(0) }, { everyMs });
    await round();
    news();
    state.failWith = { code: 'state_unwritable', message: 'the disk is full' };
    await tellStanding();
    expect([news(), log.lines.at(-1)]).toEqual([[], 'warn: what the health checks found could not be told anew: the disk is full']);
    state.failWith = undefined;
    await pass(10_000);
    await pass(60_000);
    expect(news()).toEqual(['a OK']);
  });
});

describe('when it is ended', () => {
  test('with the daemon, those who wait for a fresh round are told so as well', async () => {
    const { check, drain, started } = await begin({ a: 'held' });
    const asked = [check({}), check({ fresh: true })];
    await settle();
    const draining = drain();
    await settle();
    await draining;
    expect(await Promise.all(asked)).toMatchObject([{ error: { code: 'actor_stopped', message: 'the checks were ended with the daemon' } }, { error: { code: 'actor_stopped', message: 'the checks were ended with the daemon' } }]);
    expect(started).toEqual(['a']);
  });

  test('in the middle of a round, what runs is ended and says nothing, and the next life begins anew', async () => {
    const { check, news, restart, round, scene } = await begin({ a: exits(254), b: 'held' });
    const asked = check();
    await settle();
    await restart();
    expect(await asked).toMatchObject({ ok: false });
    expect(news()).toEqual(['a Error', 'requested a']);
    scene.checks.set('b', exits(0));
    await round();
    expect(news()).toEqual(['b OK']);
  });

  test('a request that was durable when the actor crashed is neither lost nor made again, and messaging hears of it', async () => {
    const { check, messaging, news, restart, state } = await begin({ a: exits(254) });
    const change = state.change.bind(state);
    let committed: () => void = () => undefined;
    const commit = new Promise<void>((resolve) => (committed = resolve));
    // Durable, but the actor does not come to know.
    state.change = async (...step) => {
      await change(...step);
      committed();
      return new Promise((resolve) => void world.clock.after(60_000, () => resolve(ok(undefined))));
    };
    void check();
    await settle();
    await commit;
    state.change = change;
    messaging.received.length = 0;
    const restarted = restart();
    await world.clock.advance(60_000);
    await restarted;
    expect(messaging.received).toEqual([{ type: 'pending' }]);
    await check();
    expect(news()).toEqual(['a Error', 'requested a']);
  });

  test('with the daemon, those who asked are told so', async () => {
    const { check, drain, news } = await begin({ a: 'held' });
    const asked = check();
    await settle();
    const draining = drain();
    await settle();
    await draining;
    expect(await asked).toMatchObject({ ok: false, error: { code: 'actor_stopped' } });
    expect(news()).toEqual([]);
  });
});

describe('a condition that somebody sets', () => {
  const setting = (more: object = {}) => ({ verb: 'condition', id: newId(), at: 5, name: 'gpu', status: 'Error', ...more }) as SetCondition['request'];

  test('is durable with its event, under the id of the request and with all that was said; is shown, and told anew with the rest', async () => {
    const { messaging, set, state, tellStanding, view } = await begin();
    messaging.received.length = 0;
    const said = { message: 'm', description: 'd', details: 'x', recommendation: 'r', actionType: 'GHR', ghrCategory: 'c' } as const;
    const request = setting(said);
    expect(await set(request)).toEqual(ok(undefined));
    const event = { kind: 'condition', id: request.id, at: 5, name: 'gpu', status: 'Error', ...said };
    expect(state.reports.map((report) => report.event)).toEqual([event]);
    expect(messaging.received).toEqual([{ type: 'pending' }]);
    expect((await view()).conditions).toEqual([{ name: 'gpu', status: 'Error', message: 'm', since: 5 }]);
    await tellStanding();
    expect(state.reports.at(-1)?.event).toEqual({ ...event, id: expect.any(String), at: expect.any(Number) });
  });

  test('that comes again under its id changes nothing, also when another one came in between', async () => {
    const { news, set, view } = await begin();
    const [first, second] = [setting(), setting({ status: 'OK' })];
    for (const request of [first, first, second, first]) expect(await set(request)).toEqual(ok(undefined));
    expect(news()).toEqual(['gpu Error', 'gpu OK']);
    expect((await view()).conditions).toMatchObject([{ status: 'OK' }]);
  });

  test('to NA is told and no longer shown; the same status as before counts from when it began', async () => {
    const { news, set, tellStanding, view } = await begin();
    await set(setting());
    await set(setting({ at: 9, message: 'again' }));
    expect((await view()).conditions).toEqual([{ name: 'gpu', status: 'Error', message: 'again', since: 5 }]);
    await set(setting({ at: 10, status: 'NA' }));
    await tellStanding();
    expect([news(), (await view()).conditions]).toEqual([['gpu Error', 'gpu Error', 'gpu NA'], []]);
  });

  test('is refused under the name of a health check', async () => {
    const { news, round, set } = await begin({ gpu: exits(1) });
    await round();
    expect(await set(setting({ status: 'OK' }))).toEqual(fail('request_invalid', 'gpu is a health check of this node: its condition is what it finds'));
    expect(news()).toEqual(['gpu Unknown']);
  });

  test('gives its name up to a health check that comes later, and is not forgotten with checks that are gone', async () => {
    const { news, round, scene, set, state, tellStanding } = await begin();
    await set(setting());
    await round();
    expect(news()).toEqual(['gpu Error']);
    scene.checks.set('gpu', exits(0));
    await round();
    expect([news(), state.keys('condition/')]).toEqual([['gpu OK'], []]);
    await tellStanding();
    expect(news()).toEqual(['gpu OK']);
  });

  test('is one of 256 at most: those that say nothing any more give way first, then the oldest', async () => {
    const { set, state } = await begin();
    for (let index = 0; index < 256; index += 1) await set(setting({ name: `c-${index}`, at: index, status: index === 200 ? 'NA' : 'OK' }));
    await set(setting({ name: 'one more', at: 999 }));
    await set(setting({ name: 'and one', at: 999 }));
    expect(state.keys('condition/')).toHaveLength(256);
    expect(['c-200', 'c-0', 'c-1'].map((name) => state.get(`condition/${name}`) === undefined)).toEqual([true, true, false]);
  });

  test('that cannot be kept is answered so', async () => {
    const { news, set, state } = await begin();
    state.failWith = { code: 'state_unwritable', message: 'the disk is full' };
    expect(await set(setting())).toMatchObject({ ok: false, error: { code: 'state_unwritable' } });
    expect(news()).toEqual([]);
  });
});
