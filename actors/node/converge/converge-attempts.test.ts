import { beforeEach, describe, expect, test } from '@jest/globals';
import { settle, until } from '../../testing/world.ts';
import type { ConfigurationKnown } from '../config/messages.ts';
import { exited } from '../testing/fake-projects.ts';
import { anotherLife, ask, configuration, incarnation, life, phases, runner, setKnown, state, sync, tell, told, useConvergeStage, world } from '../testing/converge-stage.ts';

useConvergeStage();

describe('cluster_init.attempts', () => {
  const tries = (attempts: unknown, more: Partial<ConfigurationKnown> = {}): ConfigurationKnown => configuration({ tree: { cluster_init: { attempts } } as ConfigurationKnown['tree'], ...more });
  const details = (): readonly string[] => sync.received.flatMap(({ detail, phase }) => (phase === 'failed' ? [detail ?? ''] : []));
  const failures = (count: number): Promise<void> => until(world.clock, `it has failed ${count} times`, () => details().length === count);

  beforeEach(() => {
    runner.results.set('20-b.sh', exited(3));
  });

  test.each([[undefined], [1]])('%j: a converge at boot that fails stays failed', async (attempts) => {
    setKnown(tries(attempts));
    life();
    await settle();
    await world.clock.advance(3_600_000);
    await settle();
    expect(phases()).toEqual(['converging', 'failed']);
    expect(details()).toEqual([expect.stringMatching(/^Failed to execute/)]);
  });

  test.each([[3], ['3']])('%j: it is tried again after 10 s, then 20 s, and no more, each time from the script that failed', async (attempts) => {
    setKnown(tries(attempts));
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
    setKnown(tries(3));
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
    setKnown(tries(10));
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
    setKnown(tries(3));
    life();
    await failures(1);
    expect(await ask('command-line')).toMatchObject({ value: { ok: false, error: { code: 'script_failed' } } });
    await world.clock.advance(3_600_000);
    await settle();
    expect(details()).toEqual([expect.stringMatching(/^attempt 1 of 3: /), expect.stringMatching(/^Failed to execute/)]);
  });

  test('nor does one that waited meanwhile leave an attempt behind', async () => {
    setKnown(tries(3));
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
    setKnown(tries(3));
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
    setKnown(tries(2));
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
    setKnown(tries(2));
    life();
    await failures(1);
    expect(await incarnation.drain()).toMatchObject({ forced: false, failures: [] });
    anotherLife();
    await settle();
    expect(details()).toEqual([expect.stringMatching(/^attempt 1 of 2: /)]);
  });

  test.each([[0], [11], [1.5], ['three'], [null], [true]])('%j is a warning, and there is one attempt', async (attempts) => {
    setKnown(tries(attempts));
    life();
    await settle();
    await world.clock.advance(3_600_000);
    await settle();
    expect(phases()).toEqual(['converging', 'failed']);
    expect(told()).toContain('warn: cluster_init.attempts is not a whole number from 1 to 10: there is one attempt');
  });
});
