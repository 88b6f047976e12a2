import { describe, expect, test } from '@jest/globals';
import { settle } from '../../testing/world.ts';
import { begin, everyMs, exits, firstAfterMs, useHealthcheckStage } from '../testing/healthcheck-stage.ts';

useHealthcheckStage();

describe('a check that asks for the end of the node', () => {
  test('has that asked of the server once for the incident, and taken back when it does not ask any more', async () => {
    const { news, reports, round, scene, view } = await begin({ a: exits(254, 'GPU lost') });
    await round();
    await round();
    expect(news()).toEqual(['a Error', 'requested a']);
    const requested = reports().find(({ kind }) => kind === 'termination');
    expect(requested).toMatchObject({ state: 'requested', check: 'a', reason: 'GPU lost', request: expect.any(String) });
    expect((await view()).termination).toMatchObject({ check: 'a', reason: 'GPU lost' });
    scene.checks.set('a', exits(0));
    await round();
    expect(news()).toEqual(['a OK', 'withdrawn a']);
    const [first, second] = reports().flatMap((event) => (event.kind === 'termination' ? [event.request] : []));
    expect(second).toBe(first);
    expect((await view()).termination).toBeUndefined();
    scene.checks.set('a', exits(254, 'GPU lost'));
    await round();
    expect(news()).toEqual(['a Error', 'requested a']);
    expect(new Set(reports().flatMap((event) => (event.kind === 'termination' ? [event.request] : []))).size).toBe(2);
  });

  test.each([
    ['cannot tell any more', exits(1)],
    ['is refused', undefined],
  ])('that %s does not ask any more', async (_what, result) => {
    const { news, round, scene } = await begin({ a: exits(254) });
    await round();
    news();
    if (result === undefined) scene.refusals.set('a', 'is writable by everyone');
    else scene.checks.set('a', result);
    await round();
    expect(news()).toEqual(['a Unknown', 'withdrawn a']);
  });

  test('that is gone does not ask any more', async () => {
    const { news, round, scene } = await begin({ a: exits(254) });
    await round();
    scene.checks.clear();
    await round();
    expect(news()).toEqual(['a Error', 'requested a', 'withdrawn a', 'a NA']);
  });

  test('does not reach the server while a keepalive holds; the condition says so, and its end has the check run at once', async () => {
    const { keptAlive, news, reports, round, scene, started, view } = await begin({ a: exits(254, 'GPU lost') });
    scene.keepalive = { holds: true };
    await round();
    expect(news()).toEqual(['a Error']);
    expect(reports()[0]).toMatchObject({ message: 'asks to end the node: GPU lost; held off: a keepalive holds', recommendation: expect.stringContaining('jetpack keepalive cancel') });
    expect((await view()).termination).toBeUndefined();
    await keptAlive(false);
    expect(started.length).toBe(2);
    expect(news()).toEqual(['a Error', 'requested a']);
    expect(reports()[1]).toMatchObject({ message: 'asks to end the node: GPU lost' });
  });

  test('that is well when the keepalive ends asks for nothing', async () => {
    const { keptAlive, news, round, scene } = await begin({ a: exits(254) });
    scene.keepalive = { holds: true };
    await round();
    scene.checks.set('a', exits(0));
    await keptAlive(false);
    expect(news()).toEqual(['a Error', 'a OK']);
  });

  test('has its request taken back when a keepalive begins to hold, and made anew when that ends', async () => {
    const { keptAlive, news, reports, round } = await begin({ a: exits(254, 'GPU lost'), b: exits(0) });
    await round();
    news();
    await keptAlive(true);
    expect(news()).toEqual(['withdrawn a', 'a Error']);
    expect(reports().at(-1)).toMatchObject({ message: 'asks to end the node: GPU lost; held off: a keepalive holds' });
    await keptAlive(true);
    await round();
    expect(news()).toEqual([]);
    await keptAlive(false);
    expect(news()).toEqual(['a Error', 'requested a']);
  });

  test('a keepalive that ends while nothing is held off changes nothing', async () => {
    const { keptAlive, round, started } = await begin({ a: exits(1) });
    await round();
    await keptAlive(false);
    expect(started.length).toBe(1);
  });

  test('a keepalive that ends in the middle of a round has another one follow', async () => {
    const { check, keptAlive, letGo, news, scene } = await begin({ a: exits(254), b: 'held' });
    scene.keepalive = { holds: true };
    void check();
    await settle();
    await keptAlive(false);
    expect(news()).toEqual(['a Error']);
    scene.checks.set('b', exits(0));
    letGo('b', exits(0));
    await settle();
    expect(news()).toEqual(['b OK', 'a Error', 'requested a']);
  });

  test('does not reach the server when the keepalive told of its beginning, whatever it answered before', async () => {
    const { keptAlive, news, reports, round, scene } = await begin({ a: exits(254) });
    await keptAlive(true);
    scene.keepalive = { holds: false };
    await round();
    expect(news()).toEqual(['a Error']);
    expect(reports()[0]).toMatchObject({ message: expect.stringContaining('held off: a keepalive holds') });
  });

  test('does not reach the server while the keepalive cannot be asked: a node that is kept must not be ended for that', async () => {
    const { check, keptAlive, news, pass, reports, scene } = await begin({ a: exits(254, 'GPU lost') });
    scene.keepalive = 'silent';
    void check();
    await settle();
    await pass(5_000);
    expect(news()).toEqual(['a Error']);
    expect(reports()[0]).toMatchObject({ message: 'asks to end the node: GPU lost; held off: whether a keepalive holds could not be asked' });
    await keptAlive(false);
    expect(news()).toEqual(['a Error', 'requested a']);
  });
});

describe('before the node has converged', () => {
  test('a check that asks for its end is held off, and that is said; the round that says so asks for it', async () => {
    const { news, reports, round, view } = await begin({ a: exits(254, 'GPU lost') });
    await round({});
    await round({ fresh: true });
    expect(news()).toEqual(['a Error']);
    expect(reports()[0]).toMatchObject({ message: 'asks to end the node: GPU lost; held off: the node has not converged yet', recommendation: expect.stringContaining('converge') });
    expect((await view()).termination).toBeUndefined();
    await round({ fresh: true, converged: true });
    expect(news()).toEqual(['a Error', 'requested a']);
    expect(reports()[1]).toMatchObject({ message: 'asks to end the node: GPU lost' });
  });

  test('a check that is well when it has asks for nothing', async () => {
    const { news, round, scene } = await begin({ a: exits(254) });
    await round({});
    scene.checks.set('a', exits(0));
    await round();
    expect(news()).toEqual(['a Error', 'a OK']);
  });

  test.each([{ fresh: true, converged: true }, { converged: true }])('a round that is under way when it has asks for nothing: the next one does (%j)', async (more) => {
    const { check, letGo, news, scene } = await begin({ a: 'held' });
    const [old, fresh] = [check({}), check(more)];
    await settle();
    scene.checks.set('a', exits(254, 'still'));
    letGo('a', exits(254, 'half installed'));
    expect(await Promise.all([old, fresh, settle()])).toMatchObject([{ ok: true }, { ok: true }, undefined]);
    expect(news()).toEqual(['a Error', 'a Error', 'requested a']);
  });

  test('rounds that come by themselves ask for nothing, and once it has all of them do', async () => {
    const { news, pass, round, scene } = await begin({ a: exits(254) });
    await pass(firstAfterMs);
    await pass(everyMs);
    expect(news()).toEqual(['a Error']);
    scene.checks.set('a', exits(0));
    await round();
    scene.checks.set('a', exits(254));
    await pass(everyMs);
    expect(news()).toEqual(['a OK', 'a Error', 'requested a']);
  });

  test('a keepalive that is told not to hold at the start brings no round: the converge does', async () => {
    const { keptAlive, round, started, restart } = await begin({ a: exits(254) });
    await round({});
    await restart();
    await keptAlive(false);
    expect(started).toEqual(['a']);
    await keptAlive(true);
    await keptAlive(false);
    expect(started).toEqual(['a', 'a']);
  });

  test('a request that was made before stands, for the node had converged then', async () => {
    const { news, round, state, view } = await begin({ a: exits(254, 'GPU lost') });
    state.values.set('check/a', { status: 'Error', message: 'asks to end the node: GPU lost', details: 'GPU lost', since: 5 });
    state.values.set('termination/a', { request: 'r', reason: 'GPU lost' });
    await round({});
    expect(news()).toEqual([]);
    expect((await view()).termination).toMatchObject({ request: 'r' });
  });

  test('that it has is known also to the incarnation after a crash', async () => {
    const { news, restart, round, scene } = await begin({ a: exits(0) });
    await round();
    await restart();
    scene.checks.set('a', exits(254));
    await round({});
    expect(news()).toEqual(['a OK', 'a Error', 'requested a']);
  });
});
