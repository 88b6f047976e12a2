import { describe, expect, test } from '@jest/globals';
import type { Result } from '../../../protocol/result.ts';
import type { AskResult, Reply } from '../../ref.ts';
import { settle } from '../../testing/world.ts';
import type { ConvergeMessage, ConvergePlan } from './messages.ts';
import { exited } from '../testing/fake-projects.ts';
import { ask, configuration, life, log, messaging, phases, projects, runner, setKnown, state, sync, tell, told, useConvergeStage, view, world } from '../testing/converge-stage.ts';

useConvergeStage();

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

describe('projects that cannot be had', () => {
  test.each(['project_missing', 'project_unusable', 'home_unusable'] as const)('%s: a card and failed, and the next converge may succeed', async (code) => {
    projects.failure = { code, message: 'what is wrong' };
    setKnown(configuration());
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
    setKnown(configuration());
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
    setKnown(configuration());
    life();
    await settle();
    const lines: string[] = [];
    const asked = await ask('command-line', { progress: (line) => lines.push(line) });
    expect(asked).toMatchObject({ value: { ok: false, error: { code: 'script_failed', message: expect.stringMatching(/return code: 1/) } } });
    expect(lines).toContain('  | boom');
  });

  test('everything runs again when that is asked, and only then', async () => {
    setKnown(configuration());
    life();
    await settle();
    expect(await ask('command-line')).toMatchObject({ value: { value: { ran: 0, skipped: 3 } } });
    expect(await ask('command-line', { rerunScripts: true })).toMatchObject({ value: { value: { ran: 3, skipped: 0 } } });
  });

  test('the command line is turned away while one is under way; the server waits, and several of its are one', async () => {
    setKnown(configuration());
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
    setKnown(configuration());
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
    setKnown(configuration());
    life();
    await settle();
    projects.failure = { code: 'project_unusable', message: 'line 3' };
    expect(await plan()).toMatchObject({ value: { ok: false, error: { code: 'project_unusable', message: 'line 3' } } });
  });
});
