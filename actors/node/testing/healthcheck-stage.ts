// What the tests of healthcheck share.
import { afterEach } from '@jest/globals';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { CheckScript } from '../health/checks.ts';
import { healthcheck, type HealthcheckMessage, type HealthcheckPorts, type HealthSummary, type RunChecks } from '../health/healthcheck.ts';
import type { HealthView } from '../health/view.ts';
import type { SetCondition } from '../health/set-conditions.ts';
import type { KeepaliveView, ShowKeepalive } from '../keepalive/keepalive.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { ScriptEnding, ScriptResult } from '../scripts.ts';
import { MemoryState } from './memory-state.ts';

export let world: World;

export const firstAfterMs = 2_000;

export const everyMs = 600_000;

export const ended = (ending: ScriptEnding, tail = ''): ScriptResult => ({ ending, tail, bytes: tail.length, durationMs: 5, warnings: [] });

export const exits = (code: number, tail = ''): ScriptResult => ended({ type: 'exited', code }, tail);

/** `held` runs until it is let go or ended. */
type Behaviour = ScriptResult | 'held' | Error;

export const begin = async (behaviours: Record<string, Behaviour> = {}, times: HealthcheckPorts['times'] = { firstAfterMs, everyMs }) => {
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

/** For each test of the file that calls it. */
export const useHealthcheckStage = (): void => {
  afterEach(() => world.system.stop());
};
