// The lifecycle of a node alone in a world of its own: what it is asked, and what came of it.
import { ManualBootClock } from '../../../effects/manual-boot-clock.ts';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog, type RecordedLog } from '../../../effects/testing/recorded-log.ts';
import type { EventOf } from '../../../protocol/events.ts';
import type { Result } from '../../../protocol/result.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { probe, type Probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { settle, type World } from '../../testing/world.ts';
import { bootMoment, type BootMoment } from '../boot-moment.ts';
import type { EndReport } from '../lifecycle/ending.ts';
import { lifecycle, type EndScriptsView, type LifecycleMessage, type LifecycleView } from '../lifecycle/lifecycle.ts';
import type { EndScript } from '../lifecycle/ports.ts';
import type { ShutdownView, Wish } from '../lifecycle/wish.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import type { ScriptEnding, ScriptResult } from '../scripts.ts';
import { MemoryState } from './memory-state.ts';

export const ended = (ending: ScriptEnding, tail = ''): ScriptResult => ({ ending, tail, bytes: tail.length, durationMs: 5, warnings: [] });

/** Scripts that ran, and how they end: well, unless a test says otherwise; `held` when it is stopped. */
interface Scene {
  readonly ran: string[];
  readonly runs: string[];
  readonly endings: Map<string, ScriptResult | 'held'>;
  readonly leftovers: string[];
  whenRun: () => void;
}

export interface LifecycleStage {
  readonly bootClock: ManualBootClock;
  readonly log: RecordedLog;
  readonly messaging: Probe<DrainPending>;
  readonly scene: Scene;
  readonly state: MemoryState;
  readonly wish: (more?: Partial<Wish>) => Promise<Result<ShutdownView>>;
  readonly cancel: () => Promise<Result<ShutdownView>>;
  readonly add: (path: string, ...given: readonly string[]) => Promise<Result<EndScriptsView>>;
  readonly remove: (path: string) => Promise<Result<EndScriptsView>>;
  readonly list: () => Promise<Result<EndScriptsView>>;
  readonly view: () => Promise<Result<LifecycleView>>;
  /** As a command that was accepted now, unless a test says otherwise. */
  readonly end: (request: string, accepted?: BootMoment | 'unknown') => Promise<Result<EndReport>>;
  readonly tell: (message: LifecycleMessage) => Promise<void>;
  readonly pass: (ms: number) => Promise<void>;
  readonly restart: (meanwhile?: () => void) => Promise<void>;
  /** Events since the last look. */
  readonly news: () => ReadonlyArray<Omit<EventOf<'shutdown'>, 'trace'>>;
}

export const beginLifecycle = async (world: World): Promise<LifecycleStage> => {
  const { clock, system } = world;
  const state = new MemoryState();
  const bootClock = new ManualBootClock(clock);
  const log = recordLog();
  const messaging = probe<DrainPending>(system, 'messaging');
  const scene: Scene = { ran: [], endings: new Map(), leftovers: [], runs: [], whenRun: () => undefined };
  const scripts = {
    run: ({ arguments: given, path }: EndScript, run: string, place: number, signal: AbortSignal): Promise<ScriptResult> => {
      scene.ran.push([place, path, ...given].join(' '));
      scene.runs.push(run);
      scene.whenRun();
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
    wish: (more = {}) => ask((reply) => ({ type: 'shutdown', cause: 'requested', way: 'terminate', reason: undefined, ...more, reply })),
    cancel: () => ask((reply) => ({ type: 'cancelShutdown', reply })),
    add: (path, ...given) => change({ type: 'add', script: { path, arguments: given } }),
    remove: (path) => change({ type: 'remove', path }),
    list: () => change({ type: 'list' }),
    view: async () => {
      const asked = system.ask(ref, (reply: Reply<LifecycleView>): LifecycleMessage => ({ type: 'lifecycle?', reply }), { timeoutMs: 5_000 });
      await settle();
      return asked;
    },
    end: (request, accepted = bootMoment(bootClock)) =>
      ask((reply) => ({ type: 'end', request, accepted: accepted === 'unknown' ? undefined : accepted, reply })),
    tell: async (message) => {
      system.tell(ref, message);
      await settle();
    },
    pass: async (ms) => {
      await clock.advance(ms);
      await settle();
    },
    restart: async (meanwhile = () => undefined) => {
      await incarnation.end();
      meanwhile();
      incarnation = spawn();
      await settle();
    },
    news: () => state.reports.splice(0).flatMap(({ event }) => (event.kind === 'shutdown' ? [event] : [])),
  };
};
