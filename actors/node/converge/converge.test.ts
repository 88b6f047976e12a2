import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../../effects/random.ts';
import { recordLog, type RecordedLog } from '../../../effects/testing/recorded-log.ts';
import type { Result } from '../../../protocol/result.ts';
import type { AskResult, Reply } from '../../ref.ts';
import type { ActorSystem, Incarnation } from '../../system.ts';
import { probe, type Probe } from '../../testing/probe.ts';
import { createWorld, settle, until, type World } from '../../testing/world.ts';
import type { AskConfiguration, ConfigurationKnown } from '../config/config.ts';
import { converge, type ConvergeMessage, type ConvergePlan, type ConvergeReport, type ConvergeView, type PhaseEntered } from './converge.ts';
import type { HealthSummary, RunChecks } from '../health/healthcheck.ts';
import type { DrainPending } from '../messaging/messaging.ts';
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
let sync: Probe<PhaseEntered>;
let messaging: Probe<DrainPending>;
let healthcheck: Probe<RunChecks>;
let health: Result<HealthSummary>;
let answersChecks: boolean;
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
    state,
    config: config.ref,
    messaging: messaging.ref,
    sync: sync.ref,
    home: '/home',
    binFolder: '/opt/jetpack/bin',
    searchPath: '/usr/bin:/bin',
    times: { bootGraceMs: 10_000, scriptTimeoutMs: 3_600_000 },
    clock,
    random: seededRandom(7),
    logger: log.logger,
  });
  const spawn = (): void => {
    incarnation = system.spawn('converge', definition, { shutdownMs: 1_000, onCrash: () => 'end' });
  };
  spawn();
  return { system, spawn };
};

const tell = (message: ConvergeMessage): unknown => world.system.tell(world.system.ref<ConvergeMessage>('converge'), message);

const ask = (trigger: 'command-line' | 'server', more: { readonly rerunScripts?: boolean; readonly run?: string; readonly progress?: (line: string) => void } = {}): Promise<AskResult<Result<ConvergeReport>>> =>
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
        recommendation: 'Mend the script, upload the project, then: jetpack converge',
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

test('asked for a second time under one id, a converge that runs everything again runs nothing again', async () => {
  known = configuration();
  life();
  await until(world.clock, 'the node is ready', () => phases().at(-1) === 'ready');
  const run = '00000000-0000-4000-8000-00000000abcd';
  for (const expected of [{ ran: 3, skipped: 0 }, { ran: 0, skipped: 3 }]) expect(await ask('server', { rerunScripts: true, run })).toMatchObject({ value: { value: { run, ...expected } } });
  expect(runner.jobs).toHaveLength(6);
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
