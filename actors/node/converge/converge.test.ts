import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog, type RecordedLog } from '../../../effects/testing/recorded-log.ts';
import type { Result } from '../../../protocol/result.ts';
import type { AskResult, Reply } from '../../ref.ts';
import type { ActorSystem, Incarnation } from '../../system.ts';
import { probe, type Probe } from '../../testing/probe.ts';
import { createWorld, settle, until, type World } from '../../testing/world.ts';
import type { AskConfiguration, ConfigurationKnown } from '../config/messages.ts';
import { converge } from './converge.ts';
import type { ConvergeMessage, ConvergePlan, ConvergeReport, ConvergeView, PhaseEntered } from './messages.ts';
import type { HealthSummary, RunChecks } from '../health/healthcheck.ts';
import type { DrainPending } from '../messaging/messaging.ts';
import { FakeDoor } from '../testing/fake-door.ts';
import { exited, FakeProjects, FakeScripts } from '../testing/fake-projects.ts';
import { MemoryState } from '../testing/memory-state.ts';

const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const scripts = ['default 10-a.sh', 'default 20-b.sh', 'execute 10-c.sh'];

let world: World;
let state: MemoryState;
let projects: FakeProjects;
let runner: FakeScripts;
let log: RecordedLog;
let incarnation: Incarnation;
let lives = 0;
let sync: Probe<PhaseEntered>;
let messaging: Probe<DrainPending>;
let healthcheck: Probe<RunChecks>;
let health: Result<HealthSummary>;
let answersChecks: boolean;
let door: FakeDoor;
/** The phase that sync was told last, whenever checks were asked for. */
let phasesWhenChecked: Array<string | undefined>;
let known: ConfigurationKnown | undefined;

const configuration = (more: Partial<ConfigurationKnown> = {}): ConfigurationKnown => ({
  type: 'configured',
  revision: 1,
  source: 'server',
  specs: [{ project: 'demo', version: '1.0.0', spec: 'default' }],
  locker: 'file:///locker',
  tree: {},
  ...more,
});

/** A life of the daemon: definitions are made once in it, incarnations as often as it takes. */
const life = (): { readonly system: ActorSystem; readonly spawn: () => void } => {
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

const tell = (message: ConvergeMessage): unknown => world.system.tell(world.system.ref<ConvergeMessage>('converge'), message);

const ask = (trigger: 'command-line' | 'server', more: { readonly rerunScripts?: boolean; readonly noSync?: boolean; readonly run?: string; readonly progress?: (line: string) => void } = {}): Promise<AskResult<Result<ConvergeReport>>> =>
  world.system.ask(
    world.system.ref<ConvergeMessage>('converge'),
    (reply: Reply<Result<ConvergeReport>>) => ({ type: 'converge', trigger, rerunScripts: false, ...more, reply }) as const,
    { timeoutMs: 10_000_000, trace },
  );

const view = async (): Promise<ConvergeView> => {
  const asked = await world.system.ask(world.system.ref<ConvergeMessage>('converge'), (reply: Reply<ConvergeView>) => ({ type: 'converge?', reply }) as const, { timeoutMs: 1_000 });
  if (!asked.ok) throw new Error(asked.error.message);
  return asked.value;
};

const phases = (): readonly string[] => sync.received.map(({ phase }) => phase);

/** What was reported, a word or two each. */
const told = (): readonly string[] =>
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
const anotherLife = (): ReturnType<typeof life> => {
  world.system.stop();
  world = createWorld();
  return life();
};

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

describe('at boot', () => {
  test('the server\'s configuration begins it at once, and each step is reported as it begins', async () => {
    life();
    await settle();
    expect(runner.jobs).toEqual([]);
    tell(configuration());
    await settle();
    expect(told()).toEqual([
      'running 0/0',
      'converging',
      'running 0/3 demo/default 10-a.sh',
      'running 1/3 demo/default 20-b.sh',
      'running 2/3 demo/execute 10-c.sh',
      'succeeded 3/3',
      'ready',
    ]);
    expect(runner.ran).toEqual(['10-a.sh', '20-b.sh', '10-c.sh']);
    expect(runner.most).toBe(1);
    expect(sync.received).toEqual([
      { type: 'phase', phase: 'converging' },
      { type: 'phase', phase: 'ready', detail: '3 scripts ran, 0 had run before' },
    ]);
    expect(messaging.received.length).toBe(5);
    expect(state.get('converge/script')).toBeUndefined();
    expect(await view()).toMatchObject({ state: 'idle', waiting: 0, last: { trigger: 'boot', outcome: 'succeeded', done: 3, total: 3 } });
  });

  test('a kept configuration waits for the server\'s, and serves when that does not come', async () => {
    life();
    tell(configuration({ source: 'kept' }));
    await settle();
    await world.clock.advance(9_999);
    await settle();
    expect(phases()).toEqual([]);
    await world.clock.advance(1);
    await settle();
    expect(phases()).toEqual(['converging', 'ready']);
  });

  test('it is done once: what the server sends later serves the next one', async () => {
    life();
    tell(configuration({ source: 'kept' }));
    tell(configuration());
    await settle();
    tell(configuration({ revision: 2 }));
    await world.clock.advance(20_000);
    await settle();
    expect(projects.syncs).toBe(1);
    expect(phases()).toEqual(['converging', 'ready']);
  });

  test('no scripts are a converge that succeeds', async () => {
    projects.scripts = [];
    life();
    tell(configuration());
    await settle();
    expect(told()).toEqual(['running 0/0', 'converging', 'succeeded 0/0', 'ready']);
  });

  test('the log says it in the words of the reference', async () => {
    projects.markers.set('default 10-a.sh', { run: 'before', job: 'before' });
    projects.scripts = ['default 10-a.sh', 'default 20-b.sh'];
    life();
    tell(configuration());
    await settle();
    expect(log.lines).toEqual([
      'info: Converging',
      "info: Running cluster-init scripts for project 'demo v1.0.0' spec 'default'",
      'info: Script 10-a.sh has already run successfully, skipping',
      'info: Executing cluster-init script: /home/cluster-init/demo/default/scripts/20-b.sh, output written to /home/logs/cluster-init/demo/default/scripts/20-b.sh.out',
      'info: Running the health checks',
      'info: Converged: 1 script ran, 1 had run before',
    ]);
  });
});

describe('a script', () => {
  test('gets the environment of the reference, its folder, its log, and the trace of who asked', async () => {
    projects.scripts = ['default 10-a.sh'];
    known = configuration();
    life();
    await settle();
    runner.jobs.length = 0;
    projects.markers.clear();
    await ask('server');
    expect(runner.jobs).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        file: '/home/cluster-init/demo/default/scripts/10-a.sh',
        cwd: '/home/cluster-init/demo/default/scripts',
        env: {
          CYCLECLOUD_HOME: '/home',
          JETPACK_HOME: '/home',
          CYCLECLOUD_PROJECT_NAME: 'demo',
          CYCLECLOUD_PROJECT_PATH: '/home/cluster-init/demo',
          CYCLECLOUD_PROJECT_VERSION: '1.0.0',
          CYCLECLOUD_SPEC_NAME: 'default',
          CYCLECLOUD_SPEC_PATH: '/home/cluster-init/demo/default',
          PATH: '/opt/jetpack/bin:/usr/bin:/bin',
          TRACEPARENT: trace.traceparent,
        },
        timeoutMs: 3_600_000,
        output: '/home/logs/cluster-init/demo/default/scripts/10-a.sh.out',
        keepsBackground: true,
        signal: expect.anything(),
      },
    ]);
  });

  test('is known to the node\'s state before it starts', async () => {
    life();
    runner.hold('20-b.sh');
    tell(configuration());
    await settle();
    expect(state.get('converge/script')).toEqual({ id: runner.jobs[1]!.id, project: 'demo', spec: 'default', script: '20-b.sh' });
    expect(state.get('converge/last')).toMatchObject({ outcome: 'running', done: 1, total: 3, step: 'demo/default 20-b.sh' });
  });

  test('does not start when the state cannot say so, and the failure is told when it can be', async () => {
    const gate = Promise.withResolvers<void>();
    projects.gate = gate.promise;
    life();
    tell(configuration());
    await settle();
    state.failWith = { code: 'state_unwritable', message: 'the disk is full' };
    gate.resolve();
    await settle();
    expect(runner.jobs).toEqual([]);
    expect(phases()).toEqual(['converging']);
    state.failWith = undefined;
    await world.clock.advance(10_000);
    await settle();
    expect(runner.jobs).toEqual([]);
    expect(phases()).toEqual(['converging', 'failed']);
    expect(told()).toEqual(['running 0/0', 'converging', 'failed 0/3 demo/default 10-a.sh', 'failed']);
  });

  test('that fails is the end: a card, no later script, no marker, never ready', async () => {
    runner.results.set('20-b.sh', exited(3, { tail: 'no such queue\n' }));
    life();
    tell(configuration());
    await settle();
    expect(runner.ran).toEqual(['10-a.sh', '20-b.sh']);
    expect([...projects.markers.keys()]).toEqual(['default 10-a.sh']);
    expect(phases()).toEqual(['converging', 'failed']);
    const failed = state.reports.map(({ event }) => event).find((event) => event.kind === 'converge' && event.outcome === 'failed');
    expect(failed).toMatchObject({
      done: 1,
      total: 3,
      step: 'demo/default 20-b.sh',
      failure: {
        summary: "Failed to execute cluster-init script '/home/cluster-init/demo/default/scripts/20-b.sh' in project 'demo' (return code: 3)",
        recommendation: 'Mend the script, put it into the locker, then: jetpack converge',
        aspect: 'Software Configuration',
        project: 'demo',
        spec: 'default',
        script: '20-b.sh',
        exitCode: 3,
        output: 'no such queue\n',
        log: '/home/logs/cluster-init/demo/default/scripts/20-b.sh.out',
      },
    });
    expect(sync.received.at(-1)?.detail).toBe(failed?.kind === 'converge' ? failed.failure?.summary : '');
  });

  test('whose marker cannot be written ends it too: it would run again unnoticed', async () => {
    projects.markFailure = { code: 'state_unwritable', message: 'the marker cannot be written' };
    known = configuration();
    life();
    const asked = await ask('server');
    expect(asked).toMatchObject({ ok: true, value: { ok: false, error: { code: 'state_unwritable' } } });
    await settle();
    expect(phases()).toContain('failed');
    expect(phases()).not.toContain('ready');
  });

  test('that warns is told of in the log, to who asked and to the server', async () => {
    projects.scripts = ['default 10-a.sh'];
    projects.warnings = ['project.ini line 3: unknown'];
    runner.results.set('10-a.sh', exited(0, { warnings: ['it has no execute bit'] }));
    life();
    tell(configuration());
    await settle();
    expect(told()).toEqual([
      'running 0/0',
      'converging',
      'warn: project.ini line 3: unknown',
      'running 0/1 demo/default 10-a.sh',
      'warn: Script 10-a.sh: it has no execute bit',
      'succeeded 1/1',
      'ready',
    ]);
    expect(log.lines).toContain('warn: Script 10-a.sh: it has no execute bit');
  });

  test.each([[{ cluster_init: { fail_on_error: false } }], [{ cluster_init: { fail_on_error: 'False' } }]])('that fails is passed over when the configuration says so: %j', async (tree) => {
    runner.results.set('10-a.sh', exited(1));
    known = configuration({ tree });
    life();
    await settle();
    expect(runner.ran).toEqual(['10-a.sh', '20-b.sh', '10-c.sh']);
    expect(told()).toContainEqual(expect.stringMatching(/^warn: Failed to execute .*\(return code: 1\); passed over/));
    expect(told().slice(-2)).toEqual(['succeeded 2/3', 'ready']);
    expect(await ask('server')).toMatchObject({ value: { value: { ran: 0, skipped: 2, failed: { exitCode: 1 } } } });
  });
});

describe('projects that cannot be had', () => {
  test.each(['project_missing', 'project_unusable', 'home_unusable'] as const)('%s: a card and failed, and the next converge may succeed', async (code) => {
    projects.failure = { code, message: 'what is wrong' };
    known = configuration();
    life();
    await settle();
    expect(told()).toEqual(['running 0/0', 'converging', 'failed 0/0', 'failed']);
    expect(await ask('command-line')).toMatchObject({ value: { ok: false, error: { code, message: 'what is wrong' } } });
    projects.failure = undefined;
    expect(await ask('command-line')).toMatchObject({ value: { ok: true, value: { ran: 3, skipped: 0 } } });
    await settle();
    expect(phases().at(-1)).toBe('ready');
  });

  test('a list of specs with a flaw is not half converged', async () => {
    life();
    tell(configuration({ flaw: 'cyclecloud.cluster_init_specs[1] is unusable' }));
    await settle();
    expect(projects.syncs).toBe(0);
    expect(sync.received.at(-1)).toEqual({ type: 'phase', phase: 'failed', detail: 'cyclecloud.cluster_init_specs[1] is unusable' });
  });
});

describe('on request', () => {
  test('it answers when it has ended, and says as it goes what it does', async () => {
    known = configuration();
    life();
    await settle();
    projects.markers.delete('execute 10-c.sh');
    const lines: string[] = [];
    const asked = await ask('command-line', { progress: (line) => lines.push(line) });
    expect(asked).toEqual({ ok: true, value: { ok: true, value: { run: expect.any(String), ran: 1, skipped: 2, durationMs: expect.any(Number) } } });
    expect(lines).toContain('Script 10-a.sh has already run successfully, skipping');
    expect(lines.at(-1)).toBe('Converged: 1 script ran, 2 had run before');
  });

  test('a failure comes with its card, line by line', async () => {
    runner.results.set('10-a.sh', exited(1, { tail: 'boom\n' }));
    known = configuration();
    life();
    await settle();
    const lines: string[] = [];
    const asked = await ask('command-line', { progress: (line) => lines.push(line) });
    expect(asked).toMatchObject({ value: { ok: false, error: { code: 'script_failed', message: expect.stringMatching(/return code: 1/) } } });
    expect(lines).toContain('  | boom');
  });

  test('everything runs again when that is asked, and only then', async () => {
    known = configuration();
    life();
    await settle();
    expect(await ask('command-line')).toMatchObject({ value: { value: { ran: 0, skipped: 3 } } });
    expect(await ask('command-line', { rerunScripts: true })).toMatchObject({ value: { value: { ran: 3, skipped: 0 } } });
  });

  test('the command line is turned away while one is under way; the server waits, and several of its are one', async () => {
    known = configuration();
    const held = runner.hold('20-b.sh');
    life();
    await settle();
    expect(await ask('command-line')).toMatchObject({
      value: { ok: false, error: { code: 'converge_running', message: 'a converge is under way: 1 of 3 scripts are done, demo/default 20-b.sh runs' } },
    });
    const waiting = [ask('server'), ask('server', { rerunScripts: true })];
    await settle();
    expect(await view()).toMatchObject({ state: 'converging', waiting: 2 });
    held.resolve(exited(0));
    const [one, other] = await Promise.all(waiting);
    expect(one).toEqual(other);
    expect(one).toMatchObject({ value: { value: { ran: 3 } } });
    expect(projects.syncs).toBe(2);
  });

  test('before there is a configuration it waits for one', async () => {
    life();
    const lines: string[] = [];
    const asked = ask('command-line', { progress: (line) => lines.push(line) });
    await settle();
    expect(lines).toEqual(["Waiting for the node's configuration"]);
    tell(configuration());
    expect(await asked).toMatchObject({ value: { value: { ran: 3 } } });
    await settle();
    // The boot's was the same one.
    expect(projects.syncs).toBe(1);
    expect(state.reports[0]?.event).toMatchObject({ trigger: 'boot' });
  });
});

describe('a plan', () => {
  const plan = (): Promise<AskResult<Result<ConvergePlan>>> =>
    world.system.ask(world.system.ref<ConvergeMessage>('converge'), (reply: Reply<Result<ConvergePlan>>) => ({ type: 'plan', reply }) as const, { timeoutMs: 1_000 });

  test('says what would run, also while a script runs, and runs nothing', async () => {
    known = configuration();
    runner.hold('20-b.sh');
    life();
    await settle();
    expect(await plan()).toMatchObject({ value: { value: { steps: [{ script: '10-a.sh', state: 'has run' }, { script: '20-b.sh', state: 'will run' }, { script: '10-c.sh', state: 'will run' }] } } });
    expect(runner.jobs).toHaveLength(2);
  });

  test('before there is a configuration there is none', async () => {
    life();
    expect(await plan()).toMatchObject({ value: { ok: false, error: { code: 'wait_unmet' } } });
  });

  test('of projects that cannot be used says why', async () => {
    known = configuration();
    life();
    await settle();
    projects.failure = { code: 'project_unusable', message: 'line 3' };
    expect(await plan()).toMatchObject({ value: { ok: false, error: { code: 'project_unusable', message: 'line 3' } } });
  });
});

describe('after a crash of the actor', () => {
  test('the script under way is ended before a successor begins, which goes on after the last one that ended well', async () => {
    known = configuration();
    runner.hold('20-b.sh');
    const { spawn } = life();
    await settle();
    const [, interrupted] = runner.jobs;
    const run = (await view()).last?.run;
    await incarnation.end();
    expect(interrupted!.signal?.aborted).toBe(true);
    runner.held.clear();
    spawn();
    await settle();
    expect(runner.leftoversEnded).toEqual([interrupted!.id]);
    expect(runner.ran).toEqual(['10-a.sh', '20-b.sh', '20-b.sh', '10-c.sh']);
    expect(runner.most).toBe(1);
    expect(await view()).toMatchObject({ last: { run, outcome: 'succeeded', done: 3 } });
    expect(told().slice(-2)).toEqual(['succeeded 3/3', 'ready']);
  });

  test('a script that ended well just then is not run again, and what it left in the background is left alone', async () => {
    known = configuration();
    const held = runner.hold('20-b.sh');
    const { spawn } = life();
    await settle();
    const ended = incarnation.end();
    held.resolve(exited(0));
    await ended;
    spawn();
    await settle();
    expect(runner.leftoversEnded).toEqual([]);
    expect(runner.ran).toEqual(['10-a.sh', '20-b.sh', '10-c.sh']);
  });

  test('nothing runs again when nothing was under way', async () => {
    known = configuration();
    const { spawn } = life();
    await settle();
    await incarnation.end();
    spawn();
    await settle();
    await world.clock.advance(20_000);
    expect(projects.syncs).toBe(1);
  });

  test('a defect of an effect is a crash, not silence', async () => {
    projects.gate = Promise.reject(new Error('a defect'));
    known = configuration();
    life();
    const asked = ask('server');
    await settle();
    expect(await asked).toMatchObject({ ok: false, error: { code: 'actor_crashed' } });
  });
});

describe('when the daemon stops', () => {
  test('the script is ended, the outcome stays open, and the next life takes it up with what is left', async () => {
    known = configuration();
    runner.hold('20-b.sh');
    life();
    await settle();
    const first = (await view()).last;
    await incarnation.drain();
    expect(runner.jobs[1]!.signal?.aborted).toBe(true);
    expect(state.get('converge/last')).toMatchObject({ outcome: 'running', run: first!.run });
    expect(phases()).toEqual(['converging']);
    runner.held.clear();
    anotherLife();
    await settle();
    expect(runner.ran).toEqual(['10-a.sh', '20-b.sh', '20-b.sh', '10-c.sh']);
    expect(state.get('converge/last')).toMatchObject({ outcome: 'succeeded', run: first!.run, trigger: 'boot', startedAt: first!.startedAt });
    expect(told().filter((line) => line.startsWith('running'))).toContain('running 1/3 demo/default 20-b.sh');
  });

  test('one that runs everything again goes on so, without running again what it already ran', async () => {
    known = configuration();
    life();
    await settle();
    runner.hold('20-b.sh');
    void ask('server', { rerunScripts: true });
    await settle();
    await incarnation.drain();
    runner.held.clear();
    runner.jobs.length = 0;
    anotherLife();
    await settle();
    expect(runner.ran).toEqual(['20-b.sh', '10-c.sh']);
  });

  test('a sync is given up, and nothing is reported of it', async () => {
    const gate = Promise.withResolvers<void>();
    projects.gate = gate.promise;
    known = configuration();
    life();
    await settle();
    const drained = incarnation.drain();
    gate.resolve();
    expect(await drained).toMatchObject({ forced: false, failures: [] });
    expect(told()).toEqual(['running 0/0', 'converging']);
  });

  test('a daemon that was killed finds what is left of its script before anything runs', async () => {
    known = configuration();
    runner.hold('20-b.sh');
    life();
    await settle();
    const killed = runner.jobs[1]!.id;
    runner.held.clear();
    runner.leftovers = 2;
    anotherLife();
    await settle();
    expect(runner.leftoversEnded).toEqual([killed]);
    expect(log.lines).toContain('warn: 20-b.sh had been interrupted: 2 of its processes were ended');
    expect(state.get('converge/last')).toMatchObject({ outcome: 'succeeded', done: 3 });
  });
});

test('an outcome that cannot be kept is told once it can, and not before', async () => {
  projects.scripts = ['default 10-a.sh'];
  const held = runner.hold('10-a.sh');
  life();
  tell(configuration());
  await settle();
  state.failWith = { code: 'state_unwritable', message: 'the disk is full' };
  held.resolve(exited(0));
  await settle();
  expect(await view()).toMatchObject({ state: 'ending' });
  expect(phases()).toEqual(['converging']);
  await world.clock.advance(10_000);
  await settle();
  expect(phases()).toEqual(['converging']);
  state.failWith = undefined;
  await until(world.clock, 'the node is ready', () => phases().includes('ready'));
  expect(told().slice(-2)).toEqual(['succeeded 1/1', 'ready']);
});

describe('asked for a second time under its id, a converge', () => {
  const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const [first, second, third] = [idOf(1), idOf(2), idOf(3)];
  const ready = () => until(world.clock, 'the node is ready', () => phases().at(-1) === 'ready');

  beforeEach(() => {
    known = configuration();
  });

  test('that has ended is answered with its outcome at once, and nothing runs', async () => {
    life();
    await ready();
    const asked = await ask('server', { rerunScripts: true, run: first });
    expect(asked).toMatchObject({ value: { value: { run: first, ran: 3, skipped: 0 } } });
    const [jobs, syncs] = [runner.jobs.length, projects.syncs];
    expect(await ask('server', { rerunScripts: true, run: first })).toEqual(asked);
    known = undefined;
    anotherLife();
    await settle();
    expect(await ask('server', { rerunScripts: true, run: first })).toEqual(asked);
    expect([runner.jobs.length, projects.syncs]).toEqual([jobs, syncs]);
  });

  test('that failed is answered with its failure, and nothing runs', async () => {
    life();
    await ready();
    runner.results.set('20-b.sh', exited(3));
    const asked = await ask('server', { rerunScripts: true, run: first });
    expect(asked).toMatchObject({ value: { ok: false, error: { code: 'script_failed' } } });
    const [jobs, syncs] = [runner.jobs.length, projects.syncs];
    expect(await ask('server', { rerunScripts: true, run: first })).toEqual(asked);
    expect([runner.jobs.length, projects.syncs]).toEqual([jobs, syncs]);
  });

  test('that passed a failure over is answered with that failure', async () => {
    known = configuration({ tree: { cluster_init: { fail_on_error: false } } });
    life();
    await ready();
    runner.results.set('20-b.sh', exited(3));
    const asked = await ask('server', { rerunScripts: true, run: first });
    expect(asked).toMatchObject({ value: { value: { failed: { exitCode: 3 } } } });
    expect(await ask('server', { rerunScripts: true, run: first })).toEqual(asked);
  });

  test('that was one with others is answered as they were', async () => {
    const held = runner.hold('20-b.sh');
    life();
    await settle();
    const waiting = [ask('server', { rerunScripts: true, run: first }), ask('server', { rerunScripts: true, run: second })];
    await settle();
    held.resolve(exited(0));
    runner.held.clear();
    const [one, other] = await Promise.all(waiting);
    expect(one).toEqual(other);
    const { syncs } = projects;
    for (const run of [first, second]) expect(await ask('server', { rerunScripts: true, run })).toEqual(one);
    expect(projects.syncs).toBe(syncs);
    expect(await ask('server', { run: third })).toMatchObject({ value: { value: { run: third, ran: 0, skipped: 3 } } });
  });

  test('that is under way joins it', async () => {
    life();
    await ready();
    const held = runner.hold('20-b.sh');
    const one = ask('server', { rerunScripts: true, run: first });
    await settle();
    const again = ask('server', { rerunScripts: true, run: first });
    await settle();
    expect(await view()).toMatchObject({ state: 'converging', waiting: 0 });
    const { syncs } = projects;
    held.resolve(exited(0));
    expect(await again).toEqual(await one);
    expect(projects.syncs).toBe(syncs);
  });

  test.each([first, second])('that was interrupted joins it, whichever of the two that were one it is: %s', async (run) => {
    known = undefined;
    runner.hold('10-c.sh');
    life();
    for (const id of [first, second]) void ask('server', { rerunScripts: true, run: id });
    await settle();
    tell(configuration());
    await settle();
    expect(state.get('converge/last')).toMatchObject({ outcome: 'running', run: first, ids: [first, second] });
    await incarnation.drain();
    runner.held.clear();
    runner.jobs.length = 0;
    anotherLife();
    const asked = ask('server', { rerunScripts: true, run });
    await settle();
    tell(configuration());
    expect(await asked).toMatchObject({ value: { value: { run: first, ran: 1, skipped: 2 } } });
    await settle();
    expect(runner.ran).toEqual(['10-c.sh']);
    expect(await view()).toMatchObject({ state: 'idle', waiting: 0 });
  });

  test('is remembered with at most 64 that were one with it', async () => {
    const held = runner.hold('20-b.sh');
    life();
    await settle();
    const ids = Array.from({ length: 64 }, (_, index) => idOf(index + 1));
    for (const run of ids) void ask('server', { run });
    await settle();
    held.resolve(exited(0));
    await until(world.clock, 'they are converged', () => phases().length === 4);
    expect(state.get('converge/last')).toMatchObject({ outcome: 'succeeded', run: first, ids });
    // One that was interrupted takes up others besides its own, and no more than can be remembered.
    await state.change([{ key: 'converge/last', value: { ...(state.get('converge/last') as object), outcome: 'running' } }]);
    known = undefined;
    anotherLife();
    void ask('server', { run: idOf(65) });
    await settle();
    tell(configuration());
    await until(world.clock, 'the node is ready', () => phases().at(-1) === 'ready');
    expect(state.get('converge/last')).toMatchObject({ outcome: 'succeeded', run: first, ids });
  });
});

describe('with the projects as they lie in the home', () => {
  test('it brings nothing from a locker, and the next one does again', async () => {
    known = configuration();
    life();
    await settle();
    expect(projects.syncs).toBe(1);
    projects.markers.delete('execute 10-c.sh');
    expect(await ask('command-line', { noSync: true })).toMatchObject({ value: { value: { ran: 1, skipped: 2 } } });
    expect([projects.syncs, projects.kepts]).toEqual([1, 1]);
    expect(await ask('command-line')).toMatchObject({ value: { ok: true } });
    expect([projects.syncs, projects.kepts]).toEqual([2, 1]);
  });

  test('one that is interrupted goes on so: what was changed there is not lost', async () => {
    known = configuration();
    life();
    await settle();
    const held = runner.hold('10-a.sh');
    void ask('command-line', { noSync: true, rerunScripts: true });
    await settle();
    await incarnation.drain();
    held.resolve(exited(0));
    runner.held.clear();
    anotherLife();
    await settle();
    expect(await view()).toMatchObject({ state: 'idle', last: { outcome: 'succeeded' } });
    expect([projects.syncs, projects.kepts]).toEqual([1, 2]);
  });

  test('one that waits with another that brings them is that one', async () => {
    known = configuration();
    const held = runner.hold('20-b.sh');
    life();
    await settle();
    const waiting = [ask('server', { noSync: true }), ask('server')];
    await settle();
    held.resolve(exited(0));
    const [one, other] = await Promise.all(waiting);
    expect(one).toEqual(other);
    expect([projects.syncs, projects.kepts]).toEqual([2, 0]);
  });
});

describe('everything is to run again, and an earlier converge was interrupted', () => {
  const interrupt = async (): Promise<string> => {
    known = configuration();
    runner.hold('20-b.sh');
    life();
    await settle();
    const run = (await view()).last!.run;
    await incarnation.drain();
    runner.held.clear();
    runner.jobs.length = 0;
    known = undefined;
    anotherLife();
    await settle();
    return run;
  };

  test.each(['command-line', 'server'] as const)('the earlier one is taken up by itself, then the asked one is a run of its own: %s', async (trigger) => {
    const interrupted = await interrupt();
    const lines: string[] = [];
    const asked = ask(trigger, { rerunScripts: true, progress: (line) => lines.push(line) });
    await settle();
    tell(configuration());
    const answer = await asked;
    expect(lines.slice(0, 3)).toEqual(["Waiting for the node's configuration", 'An earlier converge was interrupted: it is taken up first', 'Converging']);
    expect(runner.ran).toEqual(['20-b.sh', '10-c.sh', '10-a.sh', '20-b.sh', '10-c.sh']);
    expect(answer).toMatchObject({ value: { value: { ran: 3, skipped: 0 } } });
    await settle();
    const ends = state.reports.flatMap(({ event }) => (event.kind === 'converge' && event.outcome === 'succeeded' ? [event] : []));
    expect(ends.map(({ run }) => run === interrupted)).toEqual([true, false]);
    expect(ends.map(({ trigger: by }) => by)).toEqual(['boot', trigger]);
    expect(await view()).toMatchObject({ state: 'idle', waiting: 0 });
  });

  test('whoever asks before the boot is due finds the earlier one taken up as it was, and the boot is done with it', async () => {
    const interrupted = await interrupt();
    tell(configuration({ source: 'kept' }));
    await settle();
    expect(await ask('server', { rerunScripts: true })).toMatchObject({ value: { value: { ran: 3 } } });
    await world.clock.advance(20_000);
    await settle();
    const runs = new Set(state.reports.flatMap(({ event }) => (event.kind === 'converge' ? [event.run] : [])));
    expect(runs.size).toBe(2);
    expect([...runs][0]).toBe(interrupted);
  });

  test('one that is asked without running everything again goes on with it, as before', async () => {
    const interrupted = await interrupt();
    const asked = ask('server');
    await settle();
    tell(configuration());
    expect(await asked).toMatchObject({ value: { value: { run: interrupted, ran: 2, skipped: 1 } } });
  });
});

describe('a server\'s configuration that differs from the kept one that was converged', () => {
  const other = { specs: [{ project: 'demo', version: '2.0.0', spec: 'default' }] };
  const line = /converges once more/;
  const differs = /wait for a converge/;
  const linesLike = (pattern: RegExp): readonly string[] => log.lines.filter((text) => pattern.test(text));

  const bootWithKept = async (): Promise<void> => {
    life();
    tell(configuration({ source: 'kept' }));
    await settle();
    await world.clock.advance(10_000);
    await settle();
  };

  test.each([
    ['specs', other],
    ['locker', { locker: 'file:///other' }],
    ['flaw', { flaw: 'specs[0] is unusable' }],
  ])('in its %s brings another converge by itself, and the log says why', async (_, more) => {
    await bootWithKept();
    expect(phases()).toEqual(['converging', 'ready']);
    tell(configuration(more));
    await settle();
    expect(phases().slice(2, 3)).toEqual(['converging']);
    expect(phases()).toHaveLength(4);
    expect(state.reports.at(-2)?.event).toMatchObject({ kind: 'converge', trigger: 'boot' });
    expect(linesLike(line)).toHaveLength(1);
  });

  test('waits for the run that is under way, and is itself converged once', async () => {
    const held = runner.hold('20-b.sh');
    await bootWithKept();
    tell(configuration(other));
    tell(configuration({ ...other, revision: 2 }));
    await settle();
    expect(projects.syncs).toBe(1);
    held.resolve(exited(0));
    await settle();
    await settle();
    expect(phases()).toEqual(['converging', 'ready', 'converging', 'ready']);
    expect(projects.specs.at(-1)).toEqual(other.specs);
    expect(linesLike(line)).toHaveLength(1);
  });

  test('is converged, and once, also when the actor crashes before it could be', async () => {
    runner.hold('20-b.sh');
    const { spawn } = life();
    tell(configuration({ source: 'kept' }));
    await settle();
    await world.clock.advance(10_000);
    await settle();
    tell(configuration(other));
    await settle();
    await incarnation.end();
    runner.held.clear();
    known = configuration(other);
    spawn();
    await until(world.clock, 'the node is ready', () => phases().at(-1) === 'ready');
    tell(configuration({ ...other, revision: 2 }));
    await settle();
    expect(projects.specs).toEqual([configuration().specs, other.specs]);
  });

  test.each([['the same', {}], ['the same but for what is no business of a converge', { tree: { demo: { greeting: 'hello' } } }]])('is not one that is %s', async (_, more) => {
    await bootWithKept();
    tell(configuration(more));
    await settle();
    expect(projects.syncs).toBe(1);
    // From here on the server's later changes wait to be asked for.
    tell(configuration({ ...other, revision: 2 }));
    await settle();
    expect(projects.syncs).toBe(1);
    expect(linesLike(line)).toEqual([]);
  });

  test('later is told in the log once, and waits for a converge that is asked for', async () => {
    known = configuration();
    life();
    await settle();
    for (const revision of [2, 3]) tell(configuration({ ...other, revision }));
    await settle();
    expect(projects.syncs).toBe(1);
    expect(linesLike(differs)).toEqual(['info: the server has changed the specs since they were converged: its changes wait for a converge that is asked for']);
    await ask('server');
    tell(configuration({ ...other, revision: 4 }));
    await settle();
    expect(linesLike(differs)).toHaveLength(1);
    tell(configuration({ revision: 5 }));
    await settle();
    expect(linesLike(differs)).toHaveLength(2);
  });
});

describe('a great many that ask', () => {
  test('for the next one are turned away beyond 64', async () => {
    known = configuration();
    const held = runner.hold('20-b.sh');
    life();
    await settle();
    const waiting = Array.from({ length: 64 }, () => ask('server'));
    await settle();
    expect(await ask('server')).toMatchObject({ value: { ok: false, error: { code: 'busy' } } });
    expect(await view()).toMatchObject({ waiting: 64 });
    held.resolve(exited(0));
    for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ value: { ok: true } });
  });

  test('under the id of one that runs are turned away too', async () => {
    known = configuration();
    life();
    await settle();
    runner.hold('20-b.sh');
    const run = '00000000-0000-4000-8000-00000000abcd';
    for (let count = 0; count < 64; count += 1) void ask('server', { rerunScripts: true, run });
    await settle();
    expect(await ask('server', { rerunScripts: true, run })).toMatchObject({ value: { ok: false, error: { code: 'busy' } } });
  });
});

describe('cluster_init.timeout', () => {
  test.each([
    [60, 60_000],
    ['90', 90_000],
    [' 2.5 ', 2_500],
    [1, 1_000],
    [86_400, 86_400_000],
  ])('%j is the time that each script has', async (timeout, expected) => {
    known = configuration({ tree: { cluster_init: { timeout } } });
    life();
    await settle();
    expect(runner.jobs.map(({ timeoutMs }) => timeoutMs)).toEqual([expected, expected, expected]);
    expect(told().filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test.each([[0], [0.5], [86_401], [-1], ['1h'], ['0x10'], ['1e3'], [''], [true], [null], [[60]], [{ seconds: 60 }]])('%j is a warning, and the usual time holds', async (timeout) => {
    known = configuration({ tree: { cluster_init: { timeout } } });
    life();
    await settle();
    expect(new Set(runner.jobs.map(({ timeoutMs }) => timeoutMs))).toEqual(new Set([3_600_000]));
    expect(told().filter((line) => line.startsWith('warn'))).toEqual(['warn: cluster_init.timeout is not a number of seconds from 1 to 86400: scripts have the usual time']);
    expect(phases().at(-1)).toBe('ready');
  });
});

describe('cluster_init.attempts', () => {
  const tries = (attempts: unknown, more: Partial<ConfigurationKnown> = {}): ConfigurationKnown => configuration({ tree: { cluster_init: { attempts } } as ConfigurationKnown['tree'], ...more });
  const details = (): readonly string[] => sync.received.flatMap(({ detail, phase }) => (phase === 'failed' ? [detail ?? ''] : []));
  const failures = (count: number): Promise<void> => until(world.clock, `it has failed ${count} times`, () => details().length === count);

  beforeEach(() => {
    runner.results.set('20-b.sh', exited(3));
  });

  test.each([[undefined], [1]])('%j: a converge at boot that fails stays failed', async (attempts) => {
    known = tries(attempts);
    life();
    await settle();
    await world.clock.advance(3_600_000);
    await settle();
    expect(phases()).toEqual(['converging', 'failed']);
    expect(details()).toEqual([expect.stringMatching(/^Failed to execute/)]);
  });

  test.each([[3], ['3']])('%j: it is tried again after 10 s, then 20 s, and no more, each time from the script that failed', async (attempts) => {
    known = tries(attempts);
    life();
    await settle();
    expect(details()).toEqual([expect.stringMatching(/^attempt 1 of 3: Failed to execute/)]);
    for (const [pauseMs, count] of [[10_000, 2], [20_000, 3]] as const) {
      await world.clock.advance(pauseMs - 1);
      await settle();
      expect(details()).toHaveLength(count - 1);
      await world.clock.advance(1);
      await settle();
      expect(details()).toHaveLength(count);
      expect(details().at(-1)).toMatch(new RegExp(`^attempt ${count} of 3: `));
    }
    await world.clock.advance(3_600_000);
    await settle();
    expect(details()).toHaveLength(3);
    expect(runner.ran).toEqual(['10-a.sh', '20-b.sh', '20-b.sh', '20-b.sh']);
    expect(new Set(state.reports.flatMap(({ event }) => (event.kind === 'converge' ? [event.run] : []))).size).toBe(3);
  });

  test('one that succeeds at last is ready, and is the last one', async () => {
    known = tries(3);
    life();
    await settle();
    runner.results.clear();
    await world.clock.advance(10_000);
    await settle();
    await world.clock.advance(3_600_000);
    await settle();
    expect(phases()).toEqual(['converging', 'failed', 'converging', 'ready']);
  });

  test('no pause is longer than five minutes', async () => {
    known = tries(10);
    life();
    await settle();
    for (const pauseMs of [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
      const before = details().length;
      await world.clock.advance(pauseMs - 1);
      await settle();
      expect(details()).toHaveLength(before);
      await world.clock.advance(1);
      await settle();
      expect(details()).toHaveLength(before + 1);
    }
  });

  test('whoever asks for a converge does not wait for the next attempt, and there is none after that', async () => {
    known = tries(3);
    life();
    await failures(1);
    expect(await ask('command-line')).toMatchObject({ value: { ok: false, error: { code: 'script_failed' } } });
    await world.clock.advance(3_600_000);
    await settle();
    expect(details()).toEqual([expect.stringMatching(/^attempt 1 of 3: /), expect.stringMatching(/^Failed to execute/)]);
  });

  test('nor does one that waited meanwhile leave an attempt behind', async () => {
    known = tries(3);
    const held = runner.hold('20-b.sh');
    life();
    await settle();
    const asked = ask('server');
    await settle();
    held.resolve(exited(3));
    runner.held.clear();
    await asked;
    await world.clock.advance(3_600_000);
    await settle();
    expect(phases()).toEqual(['converging', 'failed', 'converging', 'failed']);
  });

  test('other specs from the server are tried at once, and count anew; the same ones change nothing', async () => {
    known = tries(3);
    life();
    await failures(1);
    tell(tries(3, { revision: 2 }));
    await settle();
    expect(details()).toHaveLength(1);
    tell(tries(3, { revision: 3, locker: 'file:///other' }));
    await settle();
    expect(details()).toHaveLength(2);
    expect(details().at(-1)).toMatch(/^attempt 1 of 3: /);
    await world.clock.advance(9_999);
    await settle();
    expect(details()).toHaveLength(2);
    await world.clock.advance(1);
    await settle();
    expect(details()).toHaveLength(3);
  });

  test('a crash of the actor in the pause loses no attempt', async () => {
    known = tries(2);
    const { spawn } = life();
    await failures(1);
    await incarnation.end();
    spawn();
    await settle();
    expect(details()).toHaveLength(1);
    await world.clock.advance(10_000);
    await settle();
    expect(details()).toEqual([expect.stringMatching(/^attempt 1 of 2: /), expect.stringMatching(/^attempt 2 of 2: /)]);
    await incarnation.end();
    spawn();
    await settle();
    await world.clock.advance(3_600_000);
    await settle();
    expect(details()).toHaveLength(2);
  });

  test('a daemon that stops in the pause begins anew in its next life', async () => {
    known = tries(2);
    life();
    await failures(1);
    expect(await incarnation.drain()).toMatchObject({ forced: false, failures: [] });
    anotherLife();
    await settle();
    expect(details()).toEqual([expect.stringMatching(/^attempt 1 of 2: /)]);
  });

  test.each([[0], [11], [1.5], ['three'], [null], [true]])('%j is a warning, and there is one attempt', async (attempts) => {
    known = tries(attempts);
    life();
    await settle();
    await world.clock.advance(3_600_000);
    await settle();
    expect(phases()).toEqual(['converging', 'failed']);
    expect(told()).toContain('warn: cluster_init.attempts is not a whole number from 1 to 10: there is one attempt');
  });
});

describe('the health checks', () => {
  const ready = () => until(world.clock, 'the node is ready', () => phases().at(-1) === 'ready');

  test('are run after the last script and before the node is ready, whatever they find', async () => {
    health = { ok: true, value: { checks: [{ name: 'gpu', status: 'Error', message: 'lost' }, { name: 'disk', status: 'OK' }] } };
    known = configuration();
    life();
    await ready();
    expect([runner.jobs.length, phasesWhenChecked]).toEqual([3, ['converging']]);
    expect(log.lines.filter((line) => line.includes('ealth check'))).toEqual(['info: Running the health checks', 'warn: Health check gpu is Error: lost']);
  });

  test('that cannot be run keep no node from being ready', async () => {
    health = { ok: false, error: { code: 'actor_stopped', message: 'gone' } };
    known = configuration();
    life();
    await ready();
    expect(log.lines).toContain('warn: The health checks could not be run: gone');
  });

  test('are not waited for by a daemon that stops', async () => {
    answersChecks = false;
    life();
    tell(configuration());
    await settle();
    expect(healthcheck.received).toHaveLength(1);
    expect(await incarnation.drain()).toMatchObject({ forced: false });
    expect(state.get('converge/last')).toMatchObject({ outcome: 'running' });
    expect(phases()).toEqual(['converging']);
  });

  test('are not run when a script failed', async () => {
    runner.results.set('20-b.sh', exited(3));
    known = configuration();
    life();
    await until(world.clock, 'the node has failed', () => phases().at(-1) === 'failed');
    expect(phasesWhenChecked).toEqual([]);
  });
});

describe('cyclecloud.node.prevent_metadata_access', () => {
  const prevent = (value: boolean | string): ConfigurationKnown => configuration({ tree: { cyclecloud: { node: { prevent_metadata_access: value } } } });

  test.each([true, 'true', 'True'])('%j closes the metadata service after the scripts and checks, and before the node is ready', async (value) => {
    life();
    answersChecks = false;
    tell(prevent(value));
    await until(world.clock, 'checks are asked for', () => healthcheck.received.length === 1);
    expect(door.asked).toEqual([]);
    healthcheck.received[0]!.reply(health);
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect(door.asked).toEqual(['closed']);
  });

  test('is asked for after every converge that ended well: rules do not outlive a boot', async () => {
    life();
    tell(prevent(true));
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    await ask('command-line');
    expect(door.asked).toEqual(['closed', 'closed']);
  });

  test('leaves the service open when a script failed', async () => {
    runner.results.set('10-a.sh', exited(1));
    life();
    tell(prevent(true));
    await until(world.clock, 'the converge has failed', () => phases().includes('failed'));
    expect(door.asked).toEqual([]);
  });

  test('that cannot be had is one line for the log, for who asked and for the server, and the node is ready', async () => {
    door.trouble = 'the metadata service cannot be closed to users that are not root: iptables: no';
    life();
    tell(prevent(true));
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect(told().slice(-3)).toEqual([`warn: ${door.trouble}`, 'succeeded 3/3', 'ready']);
    expect(log.lines.filter((line) => line.includes(door.trouble!))).toEqual([`warn: ${door.trouble}`]);
  });

  test('that turns false opens it again at once, without a converge', async () => {
    life();
    tell(prevent(true));
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    tell({ ...prevent(false), revision: 2 });
    await until(world.clock, 'the door is open', () => !door.closed);
    expect(door.asked).toEqual(['closed', 'open']);
    expect(phases()).toEqual(['converging', 'ready']);
  });

  test.each([false, true])('that turns %j while a converge is under way is as it is by its end', async (value) => {
    life();
    answersChecks = false;
    tell(prevent(!value));
    await until(world.clock, 'checks are asked for', () => healthcheck.received.length === 1);
    tell({ ...prevent(value), revision: 2 });
    healthcheck.received[0]!.reply(health);
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect([door.asked, door.closed]).toEqual([value ? ['closed'] : [], value]);
  });

  test('that turns false while the service is being closed has it opened again before the node is ready', async () => {
    const set = door.set.bind(door);
    const closing = Promise.withResolvers<void>();
    let isBeingClosed = false;
    door.set = async (closed) => {
      isBeingClosed ||= closed;
      if (closed) await closing.promise;
      return set(closed);
    };
    life();
    tell(prevent(true));
    await until(world.clock, 'it is being closed', () => isBeingClosed);
    tell({ ...prevent(false), revision: 2 });
    await settle();
    closing.resolve();
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect([door.asked, door.closed]).toEqual([['closed', 'open'], false]);
  });

  test('of an earlier life that is not wanted any more is undone; where it never was, nothing is touched', async () => {
    door.closed = true;
    life();
    tell(configuration());
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect(door.asked[0]).toBe('open');
    expect(door.closed).toBe(false);
    await ask('command-line');
    expect(door.asked).toEqual(['open']);
  });

  test('that cannot be undone is told in the log, and tried again by the next converge', async () => {
    door.closed = true;
    door.trouble = 'no';
    life();
    tell(configuration());
    await until(world.clock, 'the node is ready', () => phases().includes('ready'));
    expect(log.lines).toContain('warn: no');
    door.trouble = undefined;
    await ask('command-line');
    expect(door.closed).toBe(false);
  });
});
