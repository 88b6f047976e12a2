// What the tests of converge share.
import { afterEach, beforeEach } from '@jest/globals';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog, type RecordedLog } from '../../../effects/testing/recorded-log.ts';
import type { Result } from '../../../protocol/result.ts';
import type { AskResult, Reply } from '../../ref.ts';
import type { ActorSystem, Incarnation } from '../../system.ts';
import { probe, type Probe } from '../../testing/probe.ts';
import { createWorld, type World } from '../../testing/world.ts';
import type { AskConfiguration, ConfigurationKnown } from '../config/messages.ts';
import { converge } from '../converge/converge.ts';
import type { ConvergeMessage, ConvergeReport, ConvergeView, PhaseEntered } from '../converge/messages.ts';
import type { HealthSummary, RunChecks } from '../health/healthcheck.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { FakeDoor } from './fake-door.ts';
import { FakeProjects, FakeScripts } from './fake-projects.ts';
import { MemoryState } from './memory-state.ts';

export const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

const scripts = ['default 10-a.sh', 'default 20-b.sh', 'execute 10-c.sh'];

export let world: World;

export let state: MemoryState;

export let projects: FakeProjects;

export let runner: FakeScripts;

export let log: RecordedLog;

export let incarnation: Incarnation;

let lives = 0;

export let sync: Probe<PhaseEntered>;

export let messaging: Probe<DrainPending>;

export let healthcheck: Probe<RunChecks>;

export let health: Result<HealthSummary>;

let answersChecks: boolean;

export let door: FakeDoor;

/** The phase that sync was told last, whenever checks were asked for. */
export let phasesWhenChecked: Array<string | undefined>;

let known: ConfigurationKnown | undefined;

export const configuration = (more: Partial<ConfigurationKnown> = {}): ConfigurationKnown => ({
  type: 'configured',
  revision: 1,
  source: 'server',
  specs: [{ project: 'demo', version: '1.0.0', spec: 'default' }],
  locker: 'file:///locker',
  tree: {},
  ...more,
});

/** A life of the daemon: definitions are made once in it, incarnations as often as it takes. */
export const life = (): { readonly system: ActorSystem; readonly spawn: () => void } => {
  const { clock, system } = world;
  sync = probe<PhaseEntered>(system, 'sync');
  messaging = probe<DrainPending>(system, 'messaging');
  const config = probe<AskConfiguration>(system, 'config', ({ observer }) => {
    if (known !== undefined) system.tell(observer, known);
  });
  healthcheck = probe<RunChecks>(system, 'healthcheck', ({ reply }) => {
    phasesWhenChecked.push(phases().at(-1));
    if (answersChecks) reply(health);
  });
  const definition = converge({
    healthcheck: healthcheck.ref,
    projects,
    scripts: runner,
    metadataDoor: door,
    state,
    config: config.ref,
    messaging: messaging.ref,
    sync: sync.ref,
    home: '/home',
    binFolder: '/opt/jetpack/bin',
    searchPath: '/usr/bin:/bin',
    times: { bootGraceMs: 10_000, scriptTimeoutMs: 3_600_000 },
    clock,
    // No life is taken for another.
    random: seededRandom((lives += 1)),
    logger: log.logger,
  });
  const spawn = (): void => {
    incarnation = system.spawn('converge', definition, { shutdownMs: 1_000, onCrash: () => 'end' });
  };
  spawn();
  return { system, spawn };
};

export const tell = (message: ConvergeMessage): unknown => world.system.tell(world.system.ref<ConvergeMessage>('converge'), message);

export const ask = (trigger: 'command-line' | 'server', more: { readonly rerunScripts?: boolean; readonly noSync?: boolean; readonly run?: string; readonly progress?: (line: string) => void } = {}): Promise<AskResult<Result<ConvergeReport>>> =>
  world.system.ask(
    world.system.ref<ConvergeMessage>('converge'),
    (reply: Reply<Result<ConvergeReport>>) => ({ type: 'converge', trigger, rerunScripts: false, ...more, reply }) as const,
    { timeoutMs: 10_000_000, trace },
  );

export const view = async (): Promise<ConvergeView> => {
  const asked = await world.system.ask(world.system.ref<ConvergeMessage>('converge'), (reply: Reply<ConvergeView>) => ({ type: 'converge?', reply }) as const, { timeoutMs: 1_000 });
  if (!asked.ok) throw new Error(asked.error.message);
  return asked.value;
};

export const phases = (): readonly string[] => sync.received.map(({ phase }) => phase);

/** What was reported, a word or two each. */
export const told = (): readonly string[] =>
  state.reports.map(({ event }) => {
    switch (event.kind) {
      case 'converge':
        return `${event.outcome} ${event.done}/${event.total}${event.step === undefined ? '' : ` ${event.step}`}`;
      case 'phase':
        return event.phase;
      case 'log':
        return `${event.level}: ${event.message}`;
      default:
        return event.kind;
    }
  });

/** The daemon is gone, and another begins with what was durable. */
export const anotherLife = (): ReturnType<typeof life> => {
  world.system.stop();
  world = createWorld();
  return life();
};

export const setKnown = (value: ConfigurationKnown | undefined): void => {
  known = value;
};

export const setHealth = (value: Result<HealthSummary>): void => {
  health = value;
};

export const setAnswersChecks = (value: boolean): void => {
  answersChecks = value;
};

/** For each test of the file that calls it. */
export const useConvergeStage = (): void => {
  beforeEach(() => {
    world = createWorld();
    state = new MemoryState();
    health = { ok: true, value: { checks: [] } };
    phasesWhenChecked = [];
    answersChecks = true;
    projects = new FakeProjects(scripts);
    runner = new FakeScripts();
    door = new FakeDoor();
    log = recordLog();
    known = undefined;
  });
  afterEach(() => world.system.stop());
};
