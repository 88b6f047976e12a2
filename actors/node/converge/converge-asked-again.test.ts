import { beforeEach, describe, expect, test } from '@jest/globals';
import { settle, until } from '../../testing/world.ts';
import { exited } from '../testing/fake-projects.ts';
import { anotherLife, ask, configuration, incarnation, life, phases, projects, runner, setKnown, state, tell, useConvergeStage, view, world } from '../testing/converge-stage.ts';

useConvergeStage();

describe('asked for a second time under its id, a converge', () => {
  const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const [first, second, third] = [idOf(1), idOf(2), idOf(3)];
  const ready = () => until(world.clock, 'the node is ready', () => phases().at(-1) === 'ready');

  beforeEach(() => {
    setKnown(configuration());
  });

  test('that has ended is answered with its outcome at once, and nothing runs', async () => {
    life();
    await ready();
    const asked = await ask('server', { rerunScripts: true, run: first });
    expect(asked).toMatchObject({ value: { value: { run: first, ran: 3, skipped: 0 } } });
    const [jobs, syncs] = [runner.jobs.length, projects.syncs];
    expect(await ask('server', { rerunScripts: true, run: first })).toEqual(asked);
    setKnown(undefined);
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
    setKnown(configuration({ tree: { cluster_init: { fail_on_error: false } } }));
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
    setKnown(undefined);
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
    setKnown(undefined);
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
    setKnown(configuration());
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
    setKnown(configuration());
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
    setKnown(configuration());
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

describe('a great many that ask', () => {
  test('for the next one are turned away beyond 64', async () => {
    setKnown(configuration());
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
    setKnown(configuration());
    life();
    await settle();
    runner.hold('20-b.sh');
    const run = '00000000-0000-4000-8000-00000000abcd';
    for (let count = 0; count < 64; count += 1) void ask('server', { rerunScripts: true, run });
    await settle();
    expect(await ask('server', { rerunScripts: true, run })).toMatchObject({ value: { ok: false, error: { code: 'busy' } } });
  });
});
