import { describe, expect, test } from '@jest/globals';
import { settle } from '../../testing/world.ts';
import { exited } from '../testing/fake-projects.ts';
import { ask, configuration, life, log, phases, projects, runner, setKnown, state, sync, tell, told, trace, useConvergeStage, world } from '../testing/converge-stage.ts';

useConvergeStage();

describe('a script', () => {
  test('gets the environment of the reference, its folder, its log, and the trace of who asked', async () => {
    projects.scripts = ['default 10-a.sh'];
    setKnown(configuration());
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
    setKnown(configuration());
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
    setKnown(configuration({ tree }));
    life();
    await settle();
    expect(runner.ran).toEqual(['10-a.sh', '20-b.sh', '10-c.sh']);
    expect(told()).toContainEqual(expect.stringMatching(/^warn: Failed to execute .*\(return code: 1\); passed over/));
    expect(told().slice(-2)).toEqual(['succeeded 2/3', 'ready']);
    expect(await ask('server')).toMatchObject({ value: { value: { ran: 0, skipped: 2, failed: { exitCode: 1 } } } });
  });
});
