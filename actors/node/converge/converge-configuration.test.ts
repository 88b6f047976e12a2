import { describe, expect, test } from '@jest/globals';
import { settle, until } from '../../testing/world.ts';
import { exited } from '../testing/fake-projects.ts';
import { ask, configuration, incarnation, life, log, phases, projects, runner, setKnown, state, tell, told, useConvergeStage, world } from '../testing/converge-stage.ts';

useConvergeStage();

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
    setKnown(configuration(other));
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
    setKnown(configuration());
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

describe('cluster_init.timeout', () => {
  test.each([
    [60, 60_000],
    ['90', 90_000],
    [' 2.5 ', 2_500],
    [1, 1_000],
    [86_400, 86_400_000],
  ])('%j is the time that each script has', async (timeout, expected) => {
    setKnown(configuration({ tree: { cluster_init: { timeout } } }));
    life();
    await settle();
    expect(runner.jobs.map(({ timeoutMs }) => timeoutMs)).toEqual([expected, expected, expected]);
    expect(told().filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test.each([[0], [0.5], [86_401], [-1], ['1h'], ['0x10'], ['1e3'], [''], [true], [null], [[60]], [{ seconds: 60 }]])('%j is a warning, and the usual time holds', async (timeout) => {
    setKnown(configuration({ tree: { cluster_init: { timeout } } }));
    life();
    await settle();
    expect(new Set(runner.jobs.map(({ timeoutMs }) => timeoutMs))).toEqual(new Set([3_600_000]));
    expect(told().filter((line) => line.startsWith('warn'))).toEqual(['warn: cluster_init.timeout is not a number of seconds from 1 to 86400: scripts have the usual time']);
    expect(phases().at(-1)).toBe('ready');
  });
});
