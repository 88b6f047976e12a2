import { afterEach, describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { newId } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { CheckScript } from './checks.ts';
import { healthcheck, type HealthcheckMessage, type HealthcheckPorts, type HealthSummary, type RunChecks } from './healthcheck.ts';
import type { HealthView } from './view.ts';
import type { SetCondition } from './set-conditions.ts';
import type { KeepaliveView, ShowKeepalive } from '../keepalive/keepalive.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { ScriptEnding, ScriptResult } from '../scripts.ts';
import { MemoryState } from '../testing/memory-state.ts';

let world: World;
afterEach(() => world.system.stop());

const firstAfterMs = 2_000;
const everyMs = 600_000;

const ended = (ending: ScriptEnding, tail = ''): ScriptResult => ({ ending, tail, bytes: tail.length, durationMs: 5, warnings: [] });
const exits = (code: number, tail = ''): ScriptResult => ended({ type: 'exited', code }, tail);

/** `held` runs until it is let go or ended. */
type Behaviour = ScriptResult | 'held' | Error;

const begin = async (behaviours: Record<string, Behaviour> = {}, times: HealthcheckPorts['times'] = { firstAfterMs, everyMs }) => {
  world = createWorld();
  const { clock, system } = world;
  const state = new MemoryState();
  const log = recordLog();
  const messaging = probe<DrainPending>(system, 'messaging');
  const scene = {
    checks: new Map(Object.entries(behaviours)),
    refusals: new Map<string, string>(),
    listing: ok(undefined) as Result<void>,
    keepalive: { holds: false } as KeepaliveView | 'silent',
  };
  const keepalive = probe<ShowKeepalive>(system, 'keepalive', ({ reply }) => {
    if (scene.keepalive !== 'silent') reply(scene.keepalive);
  });
  const started: string[] = [];
  const letGo = new Map<string, (result: ScriptResult) => void>();
  const checks = {
    list: async (): Promise<Result<readonly CheckScript[]>> => {
      if (!scene.listing.ok) return scene.listing;
      return ok([...scene.checks.keys()].map((name) => ({ name, file: `/checks/${name}`, refusal: scene.refusals.get(name) })));
    },
    run: async ({ name }: CheckScript, signal: AbortSignal): Promise<ScriptResult> => {
      started.push(name);
      const behaviour = scene.checks.get(name);
      if (behaviour instanceof Error) throw behaviour;
      if (behaviour !== undefined && behaviour !== 'held') return behaviour;
      return new Promise((resolve) => {
        letGo.set(name, resolve);
        signal.addEventListener('abort', () => resolve(ended({ type: 'aborted' })));
      });
    },
  };
  const ports = { checks, state, messaging: messaging.ref, keepalive: keepalive.ref, times, clock, random: seededRandom(1), logger: log.logger };
  const definition = healthcheck(ports);
  const spawn = () => system.spawn('healthcheck', definition, supervise('end'));
  let incarnation = spawn();
  const ref: ActorRef<HealthcheckMessage> = system.ref('healthcheck');
  await settle();
  let seen = 0;
  const view = async (): Promise<HealthView> => {
    const asked = system.ask(ref, (reply: Reply<HealthView>) => ({ type: 'health', reply }) as const, { timeoutMs: 5_000 });
    await settle();
    const answer = await asked;
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.value;
  };
  /** As a converge asks when it has ended well, unless a test says otherwise; a round under way does. */
  const check = (more: Partial<RunChecks> = { converged: true }): Promise<Result<HealthSummary>> =>
    system.ask(ref, (reply: Reply<Result<HealthSummary>>) => ({ type: 'check', reply, ...more }) as const, { timeoutMs: 100_000 }).then((asked) => (asked.ok ? asked.value : asked));
  return {
    check,
    clock,
    keepalive,
    letGo: (name: string, result: ScriptResult) => letGo.get(name)?.(result),
    log,
    messaging,
    scene,
    started,
    state,
    view,
    /** Runs a round to its end. */
    round: async (more?: Partial<RunChecks>) => {
      const asked = check(more);
      await settle();
      return asked;
    },
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    keptAlive: async (holds: boolean) => {
      scene.keepalive = { holds };
      system.tell(ref, { type: 'keepalive', holds });
      await settle();
    },
    tellStanding: async () => {
      system.tell(ref, { type: 'tellStanding' });
      await settle();
    },
    /** What was reported since the last look: conditions as `NAME STATUS`, terminations as `STATE NAME`. */
    news: () =>
      state.reports.slice(seen, (seen = state.reports.length)).map(({ event }) => {
        if (event.kind === 'condition') return `${event.name} ${event.status}`;
        return event.kind === 'termination' ? `${event.state} ${event.check}` : event.kind;
      }),
    reports: () => state.reports.map(({ event }) => event),
    restart: async () => {
      const ending = incarnation.end();
      await settle();
      await ending;
      incarnation = spawn();
      await settle();
    },
    drain: () => incarnation.drain(),
    set: async (request: SetCondition['request']): Promise<Result<void>> => {
      const asked = system.ask(ref, (reply: Reply<Result<void>>) => ({ type: 'condition', request, reply }) as const, { timeoutMs: 5_000 });
      await settle();
      const answer = await asked;
      return answer.ok ? answer.value : answer;
    },
  };
};

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
