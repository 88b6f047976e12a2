import { describe, expect, test } from '@jest/globals';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { settle } from '../../testing/world.ts';
import type { HealthSummary, RunChecks } from './healthcheck.ts';
import type { ScriptResult } from '../scripts.ts';
import { begin, ended, everyMs, exits, firstAfterMs, useHealthcheckStage } from '../testing/healthcheck-stage.ts';

useHealthcheckStage();

describe('a round of health checks', () => {
  test('begins a little after the start and then in its interval, without being asked', async () => {
    const { pass, started } = await begin({ a: exits(0) });
    await pass(firstAfterMs - 1);
    expect(started).toEqual([]);
    await pass(1);
    expect(started).toEqual(['a']);
    await pass(everyMs);
    await pass(everyMs);
    expect(started).toEqual(['a', 'a', 'a']);
  });

  test('that nobody asks for comes after an interval: a converge brings the first one', async () => {
    const { pass, started } = await begin({ a: exits(0) }, { everyMs });
    await pass(everyMs - 1);
    expect(started).toEqual([]);
    await pass(1);
    expect(started).toEqual(['a']);
  });

  test('that is under way does not do for who must have a fresh one: another follows and answers them all', async () => {
    const { check, letGo, scene, started } = await begin({ a: 'held', b: exits(0) });
    const [old, ...fresh] = [check({}), check({ fresh: true }), check({ fresh: true })];
    await settle();
    expect(started).toEqual(['a', 'b']);
    const joined = check({});
    scene.checks.set('c', exits(0));
    letGo('a', exits(1, 'old'));
    await settle();
    const names = async (asked: Promise<Result<HealthSummary>> | undefined): Promise<readonly string[]> => {
      const result = await asked;
      return result?.ok === true ? result.value.checks.map(({ name, status }) => `${name} ${status}`) : [];
    };
    expect([await names(old), await names(joined)]).toEqual([['a Unknown', 'b OK'], ['a Unknown', 'b OK']]);
    expect(started).toEqual(['a', 'b', 'a', 'b', 'c']);
    letGo('a', exits(0));
    await settle();
    expect(await Promise.all(fresh.map(names))).toEqual([['a OK', 'b OK', 'c OK'], ['a OK', 'b OK', 'c OK']]);
    expect(started.length).toBe(5);
  });

  test('that cannot list its checks leaves those who wait for a fresh one theirs', async () => {
    const { check, scene } = await begin({ a: exits(0) });
    scene.listing = fail('file_unreadable', 'the folder cannot be read (EIO)');
    const asked = [check({}), check({ fresh: true })];
    expect(await Promise.all([...asked, settle()])).toEqual([scene.listing, scene.listing, undefined]);
  });

  test('lets 64 wait for it and as many for the one after, and tells the others that it is busy', async () => {
    const { check, letGo, scene } = await begin({ a: 'held' });
    const many = (more: Partial<RunChecks>) => Array.from({ length: 70 }, () => check(more));
    const asked = [...many({}), ...many({ fresh: true })];
    await settle();
    letGo('a', exits(0));
    await settle();
    scene.checks.set('a', exits(0));
    letGo('a', exits(0));
    await settle();
    const answers = (await Promise.all(asked)).map((answer) => (answer.ok ? 'ok' : answer.error.code));
    expect([answers.slice(0, 70), answers.slice(70)].map((some) => [some.slice(0, 64), some.slice(64)].map((part) => [...new Set(part)]))).toEqual([
      [['ok'], ['busy']],
      [['ok'], ['busy']],
    ]);
  });

  test('runs the checks in name order, whatever the locale, at most four at a time', async () => {
    const names = ['a10', 'a9', 'B', 'a', 'ä', 'b', '0'];
    const { letGo, round, started } = await begin(Object.fromEntries(names.map((name) => [name, 'held'])));
    void round();
    await settle();
    expect(started).toEqual(['0', 'B', 'a', 'a10']);
    letGo('a', exits(0));
    await settle();
    expect(started).toEqual(['0', 'B', 'a', 'a10', 'a9']);
    letGo('0', exits(0));
    letGo('B', exits(0));
    await settle();
    expect(started).toEqual(['0', 'B', 'a', 'a10', 'a9', 'b', 'ä']);
  });

  test('is shared by all who ask while it is under way, and answers them with every check in name order', async () => {
    const { check, letGo, scene, started } = await begin({ b: 'held', a: exits(0), c: exits(7, 'no idea') });
    scene.refusals.set('d', 'is writable by everyone');
    scene.checks.set('d', exits(0));
    const asked = [check(), check()];
    await settle();
    asked.push(check());
    await settle();
    letGo('b', exits(0));
    const expected = {
      checks: [
        { name: 'a', status: 'OK' },
        { name: 'b', status: 'OK' },
        { name: 'c', status: 'Unknown', message: 'exited with code 7' },
        { name: 'd', status: 'Unknown', message: 'not run: it is writable by everyone' },
      ],
    };
    await settle();
    expect(await Promise.all(asked)).toEqual([ok(expected), ok(expected), ok(expected)]);
    expect(started).toEqual(['a', 'b', 'c']);
  });

  test('that was asked for puts the next one off, and none begins while one is under way', async () => {
    const { letGo, pass, round, scene, started } = await begin({ a: exits(0) });
    await pass(firstAfterMs);
    await pass(everyMs / 2);
    await round();
    await pass(everyMs / 2);
    expect(started.length).toBe(2);
    await pass(everyMs / 2);
    expect(started.length).toBe(3);
    scene.checks.set('a', 'held');
    await pass(3 * everyMs);
    expect(started.length).toBe(4);
    letGo('a', exits(0));
    await settle();
    await pass(0);
    expect(started.length).toBe(5);
  });

  test('of no checks at all is a round', async () => {
    const { round, view } = await begin();
    expect(await round()).toEqual(ok({ checks: [] }));
    expect(await view()).toMatchObject({ conditions: [], running: false, lastRoundAt: expect.any(Number) });
  });

  test('a check that hangs holds up no other, and what the others found is told before it ends', async () => {
    const { news, round } = await begin({ a: 'held', b: exits(0), c: exits(0), d: exits(0), e: exits(0), f: exits(1) });
    void round();
    await settle();
    expect(news().sort()).toEqual(['b OK', 'c OK', 'd OK', 'e OK', 'f Unknown']);
  });

  test('checks that cannot be listed are told to whoever asked, and nothing is said of any', async () => {
    const { log, news, pass, round, scene } = await begin({ a: exits(254) });
    await round();
    news();
    scene.listing = fail('file_unreadable', 'the folder cannot be read (EIO)');
    expect(await round()).toEqual(scene.listing);
    expect([news(), log.lines.at(-1)]).toEqual([[], 'warn: the health checks cannot be listed: the folder cannot be read (EIO)']);
    scene.listing = ok(undefined);
    scene.checks.set('a', exits(0));
    await pass(everyMs);
    expect(news()).toEqual(['a OK', 'withdrawn a']);
  });

  test('a runner that fails is a line in the log, and the round ends', async () => {
    const { log, round } = await begin({ a: new Error('out of handles'), b: exits(0) });
    expect(await round()).toEqual(ok({ checks: [{ name: 'b', status: 'OK' }] }));
    expect(log.lines).toContain('error: the check a could not be run: Error: out of handles');
  });
});

describe('what a check finds', () => {
  test.each<[ScriptResult, object]>([
    [exits(0, 'all fine'), { status: 'OK' }],
    [exits(1, 'first\nlast'), { status: 'Unknown', message: 'exited with code 1', details: 'first\nlast' }],
    [exits(255), { status: 'Unknown', message: 'exited with code 255' }],
    [exits(254, 'GPU 3 is gone\n  \n'), { status: 'Error', message: 'asks to end the node: GPU 3 is gone', details: 'GPU 3 is gone\n  \n' }],
    [exits(254), { status: 'Error', message: 'asks to end the node: exited with code 254' }],
    [ended({ type: 'signalled', signal: 'SIGSEGV' }), { status: 'Unknown', message: 'ended by SIGSEGV' }],
    [ended({ type: 'timedOut', afterMs: 60_000 }, 'waiting'), { status: 'Unknown', message: 'timed out after 60 s', details: 'waiting' }],
    [ended({ type: 'unstartable', reason: 'has Windows line ends' }), { status: 'Unknown', message: 'not run: it has Windows line ends' }],
  ])('%j', async (result, expected) => {
    const { reports, round } = await begin({ a: result });
    await round();
    const condition = reports().find(({ kind }) => kind === 'condition');
    expect(condition).toEqual({ kind: 'condition', id: expect.any(String), at: expect.any(Number), name: 'a', ...expected });
  });

  test('is told when it differs from before, and not otherwise: times and the output of a healthy check do not count', async () => {
    const { messaging, news, round, scene } = await begin({ a: exits(0, 'free: 10 GB') });
    await round();
    messaging.received.length = 0;
    scene.checks.set('a', exits(0, 'free: 9 GB'));
    await round();
    expect([news(), messaging.received]).toEqual([['a OK'], []]);
    for (const result of [exits(1, 'x'), exits(1, 'x'), exits(1, 'y'), exits(2, 'y'), exits(0)]) {
      scene.checks.set('a', result);
      await round();
    }
    expect(news()).toEqual(['a Unknown', 'a Unknown', 'a Unknown', 'a OK']);
    expect(messaging.received.length).toBe(4);
  });

  test('is remembered over a restart, with the time its status began', async () => {
    const { news, pass, restart, round, scene, view } = await begin({ a: exits(1, 'x') });
    await round();
    const [before] = (await view()).conditions;
    await pass(60_000);
    await restart();
    scene.checks.set('a', exits(1, 'y'));
    await round();
    expect((await view()).conditions).toEqual([before]);
    expect(before).toEqual({ name: 'a', status: 'Unknown', message: 'exited with code 1', since: expect.any(Number) });
    expect(news()).toEqual(['a Unknown', 'a Unknown']);
  });

  test('is forgotten when the check is gone, which is told once', async () => {
    const { news, round, scene, state, view } = await begin({ a: exits(0), b: exits(0) });
    await round();
    news();
    scene.checks.delete('a');
    await round();
    await round();
    expect(news()).toEqual(['a NA']);
    expect([state.keys(''), (await view()).conditions.map(({ name }) => name)]).toEqual([['check/b'], ['b']]);
  });

  test('that cannot be kept is answered all the same, and told by the next round that can', async () => {
    const { log, news, round, state } = await begin({ a: exits(254, 'bad disk') });
    state.failWith = { code: 'state_unwritable', message: 'the disk is full' };
    expect(await round()).toMatchObject({ ok: true, value: { checks: [{ name: 'a', status: 'Error' }] } });
    expect([news(), log.lines]).toEqual([[], ['warn: what a health check found could not be kept: the disk is full']]);
    state.failWith = undefined;
    await round();
    expect(news()).toEqual(['a Error', 'requested a']);
  });

  test.each([null, 7, [], { status: 'Splendid' }, { since: 5 }])('kept as %j counts as nothing known', async (kept) => {
    const { news, round, state } = await begin({ a: exits(0) });
    state.values.set('check/a', kept);
    await round();
    expect(news()).toEqual(['a OK']);
  });
});
