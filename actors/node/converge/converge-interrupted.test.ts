import { describe, expect, test } from '@jest/globals';
import { settle, until } from '../../testing/world.ts';
import { exited } from '../testing/fake-projects.ts';
import { anotherLife, ask, configuration, incarnation, life, log, phases, projects, runner, setKnown, state, tell, told, useConvergeStage, view, world } from '../testing/converge-stage.ts';

useConvergeStage();

describe('after a crash of the actor', () => {
  test('the script under way is ended before a successor begins, which goes on after the last one that ended well', async () => {
    setKnown(configuration());
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
    setKnown(configuration());
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
    setKnown(configuration());
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
    setKnown(configuration());
    life();
    const asked = ask('server');
    await settle();
    expect(await asked).toMatchObject({ ok: false, error: { code: 'actor_crashed' } });
  });
});

describe('when the daemon stops', () => {
  test('the script is ended, the outcome stays open, and the next life takes it up with what is left', async () => {
    setKnown(configuration());
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
    setKnown(configuration());
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
    setKnown(configuration());
    life();
    await settle();
    const drained = incarnation.drain();
    gate.resolve();
    expect(await drained).toMatchObject({ forced: false, failures: [] });
    expect(told()).toEqual(['running 0/0', 'converging']);
  });

  test('a daemon that was killed finds what is left of its script before anything runs', async () => {
    setKnown(configuration());
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

describe('everything is to run again, and an earlier converge was interrupted', () => {
  const interrupt = async (): Promise<string> => {
    setKnown(configuration());
    runner.hold('20-b.sh');
    life();
    await settle();
    const run = (await view()).last!.run;
    await incarnation.drain();
    runner.held.clear();
    runner.jobs.length = 0;
    setKnown(undefined);
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
