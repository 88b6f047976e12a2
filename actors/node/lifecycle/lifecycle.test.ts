import { afterEach, describe, expect, test } from '@jest/globals';
import { ManualBootClock } from '../../../effects/manual-boot-clock.ts';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { ScriptEnding, ScriptResult } from '../scripts.ts';
import { MemoryState } from '../testing/memory-state.ts';
import type { EndReport } from './ending.ts';
import { lifecycle, type EndScriptsView, type LifecycleMessage } from './lifecycle.ts';
import type { EndScript } from './ports.ts';
import type { ShutdownView, Wish } from './wish.ts';

let world: World;
afterEach(() => world.system.stop());

const full = { code: 'state_unwritable', message: 'the disk is full' } as const;
const ended = (ending: ScriptEnding, tail = ''): ScriptResult => ({ ending, tail, bytes: tail.length, durationMs: 5, warnings: [] });

const begin = async () => {
  world = createWorld();
  const { clock, system } = world;
  const state = new MemoryState();
  const bootClock = new ManualBootClock(clock);
  const log = recordLog();
  const messaging = probe<DrainPending>(system, 'messaging');
  /** Scripts that ran, and how they end: well, unless a test says otherwise; `held` when it is stopped. */
  const scene = { ran: [] as string[], endings: new Map<string, ScriptResult | 'held'>(), leftovers: [] as string[], runs: [] as string[] };
  const scripts = {
    run: ({ arguments: given, path }: EndScript, run: string, place: number, signal: AbortSignal): Promise<ScriptResult> => {
      scene.ran.push([place, path, ...given].join(' '));
      scene.runs.push(run);
      const ending = scene.endings.get(path) ?? ended({ type: 'exited', code: 0 });
      return ending === 'held' ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(ended({ type: 'aborted' })))) : Promise.resolve(ending);
    },
    endLeftovers: async (runs: readonly string[]): Promise<number> => scene.leftovers.push(...runs),
  };
  const ports = { state, scripts, messaging: messaging.ref, bootClock, clock, random: seededRandom(1), logger: log.logger };
  const spawn = () => system.spawn('lifecycle', lifecycle(ports), supervise('end'));
  let incarnation = spawn();
  const ref: ActorRef<LifecycleMessage> = system.ref('lifecycle');
  await settle();
  const ask = async <R>(question: (reply: Reply<Result<R>>) => LifecycleMessage): Promise<Result<R>> => {
    const asked = system.ask(ref, question, { timeoutMs: 5_000 });
    await settle();
    const answer = await asked;
    return answer.ok ? answer.value : answer;
  };
  const change = (what: Extract<LifecycleMessage, { type: 'endScripts' }>['change']): Promise<Result<EndScriptsView>> => ask((reply) => ({ type: 'endScripts', change: what, reply }));
  return {
    bootClock,
    log,
    messaging,
    scene,
    state,
    wish: (more: Partial<Wish> = {}): Promise<Result<ShutdownView>> => ask((reply) => ({ type: 'shutdown', cause: 'requested', way: 'terminate', reason: undefined, ...more, reply })),
    cancel: (): Promise<Result<ShutdownView>> => ask((reply) => ({ type: 'cancelShutdown', reply })),
    add: (path: string, ...given: readonly string[]) => change({ type: 'add', script: { path, arguments: given } }),
    remove: (path: string) => change({ type: 'remove', path }),
    list: () => change({ type: 'list' }),
    end: (request: string): Promise<Result<EndReport>> => ask((reply) => ({ type: 'end', request, reply })),
    tell: async (message: LifecycleMessage) => {
      system.tell(ref, message);
      await settle();
    },
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
    restart: async (meanwhile: () => void = () => undefined) => {
      await incarnation.end();
      meanwhile();
      incarnation = spawn();
      await settle();
    },
    /** Events since the last look. */
    news: () => state.reports.splice(0).flatMap(({ event }) => (event.kind === 'shutdown' ? [event] : [])),
  };
};

const request = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('a wish to be ended', () => {
  test('is durable with its event before it is answered, and is told with its cause, its way and its reason', async () => {
    const { messaging, news, wish } = await begin();
    messaging.received.length = 0;
    const asked = await wish({ cause: 'idle', way: 'deallocate', reason: 'no jobs' });
    expect(asked).toEqual(ok({ request: expect.any(String), cause: 'idle', way: 'deallocate', reason: 'no jobs', already: false }));
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

  test.each(['reboot', 'restartContainer'] as const)('does not outlive the machine (%s): it is taken back, for the node that it was about has ended', async (how) => {
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
    expect(await remove('/b.sh')).toEqual(fail('request_invalid', '/b.sh is not registered'));
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

describe('the end of the node', () => {
  test('runs what is registered, in order, and says how many there were', async () => {
    const { add, end, scene } = await begin();
    expect(await end(request)).toEqual(ok({ ran: 0 }));
    await add('/b.sh', '-x');
    await add('/a.sh');
    expect(await end('other')).toEqual(ok({ ran: 2 }));
    expect(scene.ran).toEqual(['1 /b.sh -x', '2 /a.sh']);
  });

  test('that is asked for again has the same outcome and runs nothing, also after a restart; another end runs all again', async () => {
    const { add, end, restart, scene } = await begin();
    scene.endings.set('/a.sh', ended({ type: 'exited', code: 3 }, 'first\nno such host\n'));
    await add('/a.sh');
    await add('/b.sh');
    const failed = fail('script_failed', '1 of 2 scripts did not end well: /a.sh exited with code 3: no such host');
    expect(await end(request)).toEqual(failed);
    expect(await end(request)).toEqual(failed);
    await restart();
    expect(await end(request)).toEqual(failed);
    expect(scene.ran).toEqual(['1 /a.sh', '2 /b.sh']);
    await end('another');
    expect(scene.ran).toHaveLength(4);
  });

  test.each<[ScriptEnding, string]>([
    [{ type: 'timedOut', afterMs: 300_000 }, 'timed out after 300 s'],
    [{ type: 'signalled', signal: 'SIGKILL' }, 'ended by SIGKILL'],
    [{ type: 'unstartable', reason: 'has no execute bit' }, 'was not run: it has no execute bit'],
  ])('names a script that did not end well: %j', async (ending, said) => {
    const { add, end, scene } = await begin();
    scene.endings.set('/a.sh', ended(ending));
    await add('/a.sh');
    expect(await end(request)).toEqual(fail('script_failed', `1 of 1 scripts did not end well: /a.sh ${said}`));
  });

  test('that the end of the daemon interrupts is taken up again: the script that ran has failed and is not run a second time, the others are run', async () => {
    const { add, end, restart, scene, tell } = await begin();
    for (const path of ['/a.sh', '/held.sh', '/c.sh']) await add(path);
    scene.endings.set('/held.sh', 'held');
    await tell({ type: 'end', request, reply: () => undefined });
    expect(scene.ran).toEqual(['1 /a.sh', '2 /held.sh']);
    await restart(() => scene.endings.clear());
    expect(await end(request)).toEqual(
      fail('script_failed', '1 of 3 scripts did not end well: /held.sh was interrupted by the end of jetpackd, and is not run a second time'),
    );
    expect([scene.ran, scene.leftovers]).toEqual([['1 /a.sh', '2 /held.sh', '3 /c.sh'], [scene.runs[1]]]);
  });

  test('runs no script of which it cannot be kept that it begins', async () => {
    const { add, end, scene, state } = await begin();
    await add('/a.sh');
    state.failWith = full;
    expect(await end(request)).toEqual({ ok: false, error: full });
    expect(scene.ran).toEqual([]);
    state.failWith = undefined;
    expect(await end(request)).toEqual(ok({ ran: 1 }));
  });

  test('waits for the one before it, and holds up nothing else', async () => {
    const { add, scene, tell, wish } = await begin();
    await add('/held.sh');
    scene.endings.set('/held.sh', 'held');
    for (const which of ['one', 'two']) await tell({ type: 'end', request: which, reply: () => undefined });
    expect(scene.ran).toEqual(['1 /held.sh']);
    expect(await wish()).toMatchObject({ ok: true });
  });

  test('is remembered with nineteen others', async () => {
    const { add, end, pass, state } = await begin();
    await add('/a.sh');
    for (let index = 0; index < 25; index += 1) {
      await pass(1_000);
      await end(`end-${index}`);
    }
    expect(state.keys('end/')).toHaveLength(20);
    expect(state.get('end/end-4')).toBeUndefined();
    expect(state.get('end/end-5')).toBeDefined();
  });
});
