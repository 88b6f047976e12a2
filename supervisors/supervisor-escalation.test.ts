import { describe, expect, test } from '@jest/globals';
import type { ActorRef, Reply } from '../actors/ref.ts';
import { supervisor } from './spec.ts';
import { atOnce, crash, forever, scene, type Step, useSupervisorStage } from './testing/supervisor-stage.ts';

useSupervisorStage();

describe('escalation', () => {
  test('from a supervisor that gives up leads to its whole branch being begun anew, with new windows', async () => {
    const { calm, child, escalations, log, start, states, system, tell, took } = scene();
    const branch = supervisor({
      name: 'branch',
      strategy: 'one-for-one',
      intensity: { restarts: 1, withinMs: 1_000 },
      backoff: atOnce,
      children: [child('a'), child('b')],
    });
    start({ strategy: 'one-for-one', children: [child('before'), branch] });
    await calm();
    tell('branch/a', crash);
    await calm();
    log.length = 0;
    tell('branch/a', crash);
    tell('branch/a', () => 'kept');
    await calm();
    expect(took('escalated')).toEqual(['branch']);
    expect(log).toEqual(['a starts', 'a: kept', 'b starts']);
    tell('branch/b', crash);
    await calm();
    expect(states()).toEqual({ before: 'running 0', 'branch/a': 'running 2', 'branch/b': 'running 2' });
    expect(escalations).toEqual([]);
    expect(system.deadLetters).toBe(0);
  });

  test('at the root drains what still runs, then ends the program once, with the error that was too much', async () => {
    const { calm, child, escalations, log, start, states, tell } = scene();
    const intensity = { restarts: 0, withinMs: 1_000 };
    const drain = (): Promise<void> => {
      log.push('healthy drains');
      return Promise.resolve();
    };
    start({ strategy: 'one-for-one', intensity, children: [child('healthy', {}, { drain }), child('a'), child('b')] });
    await calm();
    for (let index = 0; index < 100; index += 1) tell('healthy', () => (index === 99 ? 'handled all' : undefined));
    tell('a', crash);
    tell('b', crash);
    await calm();
    expect(log.slice(-3)).toEqual(['healthy: handled all', 'healthy drains', 'the program ends']);
    expect(escalations).toEqual([new Error('crash')]);
    expect(states()).toEqual({ healthy: 'stopped 0', a: 'stopped 0', b: 'stopped 0' });
  });

  test('passes on a failure that no restart can mend, up to where it is decided', async () => {
    const { calm, child, escalations, start, tell, took } = scene();
    const decide = () => 'escalate' as const;
    const branch = supervisor({ name: 'branch', strategy: 'one-for-one', decide, children: [child('a', { decide })] });
    start({ strategy: 'one-for-one', children: [branch] });
    tell('branch/a', crash);
    await calm();
    expect(took('escalated')).toEqual(['branch', '']);
    expect(escalations).toEqual([new Error('crash')]);
  });

  test('of a start that always throws comes after the intensity, and the event loop goes on', async () => {
    const { calm, child, escalations, log, start } = scene();
    const children = [
      child('a', {}, {
        start: () => {
          log.push('tried');
          throw new Error('no start');
        },
      }),
    ];
    start({ strategy: 'one-for-one', intensity: { restarts: 5, withinMs: 30_000 }, children });
    await calm();
    expect(log).toEqual([...Array.from({ length: 6 }, () => 'tried'), 'the program ends']);
    expect(escalations).toEqual([new Error('no start')]);
  });

  test('can be kept from one child by the window of another', async () => {
    const { calm, child, escalations, start, states, tell } = scene();
    const own = { intensity: { restarts: 2, withinMs: 1_000 } };
    start({ strategy: 'one-for-one', intensity: { restarts: 0, withinMs: 1_000 }, children: [child('a', own), child('b', own)] });
    for (const name of ['a', 'a', 'b', 'b']) {
      tell(name, crash);
      await calm();
    }
    expect(states()).toEqual({ a: 'running 2', b: 'running 2' });
    expect(escalations).toEqual([]);
  });

  test('does not come while failures are rarer than the intensity', async () => {
    const { calm, child, clock, escalations, start, states, tell } = scene();
    start({ strategy: 'one-for-one', intensity: { restarts: 1, withinMs: 1_000 }, children: [child('a')] });
    for (let round = 0; round < 5; round += 1) {
      tell('a', crash);
      await calm();
      await clock.advance(1_001);
    }
    expect(states()).toEqual({ a: 'running 5' });
    expect(escalations).toEqual([]);
  });
});

describe('a drain', () => {
  test('goes through the children in the reverse of the order they began in, one after the other', async () => {
    const { calm, child, log, start } = scene();
    const slow = Promise.withResolvers<void>();
    const draining = (name: string, work: () => Promise<void> = () => Promise.resolve()) =>
      child(name, {}, {
        drain: async () => {
          log.push(`${name} drains`);
          await work();
        },
        release: () => {
          log.push(`${name} releases`);
          return Promise.resolve();
        },
      });
    const inner = supervisor({ name: 'inner', strategy: 'one-for-one', children: [draining('b'), draining('c', () => slow.promise)] });
    const root = start({ strategy: 'one-for-one', children: [draining('a'), inner, draining('d')] });
    await calm();
    expect(log).toEqual(['a starts', 'b starts', 'c starts', 'd starts']);
    log.length = 0;
    const drained = root.drain();
    await calm();
    expect(log).toEqual(['d drains', 'd releases', 'c drains']);
    slow.resolve();
    await drained;
    expect(log).toEqual(['d drains', 'd releases', 'c drains', 'c releases', 'b drains', 'b releases', 'a drains', 'a releases']);
    expect(root.drain()).toBe(drained);
  });

  test('starts nothing that was waiting to be begun anew; what waited for it is dead, its asks are told', async () => {
    const { calm, child, clock, start, states, system, tell } = scene();
    const root = start({ strategy: 'one-for-one', children: [child('a', { backoff: { firstMs: 10_000, capMs: 10_000, quietMs: 1 } })] });
    tell('a', crash);
    tell('a', () => 'left');
    const ref: ActorRef<Step> = system.ref('root/a');
    const asked = system.ask(ref, (_reply: Reply<string>) => () => 'never handled', { timeoutMs: 60_000 });
    await calm();
    await root.drain();
    await clock.advance(10_000);
    expect(states()).toEqual({ a: 'stopped 0' });
    expect(system.deadLetters).toBe(2);
    expect(await asked).toMatchObject({ ok: false, error: { code: 'actor_stopped' } });
  });

  test('is bounded by the shutdown time of each child, and says which had to be forced', async () => {
    const { calm, child, clock, events, start, tell } = scene();
    const root = start({ strategy: 'one-for-one', children: [child('a', { shutdownMs: 200 }, { handlerDeadlineMs: 60_000 }), child('b')] });
    tell('a', forever);
    await calm();
    const drained = root.drain();
    await calm();
    await clock.advance(200);
    await drained;
    expect(events).toContainEqual({ type: 'forced', path: 'root/a', afterMs: 200 });
  });

  test('does not bring back what fails meanwhile', async () => {
    const { child, events, start, states, tell } = scene();
    const root = start({ strategy: 'one-for-one', children: [child('a'), child('b')] });
    tell('b', crash);
    tell('a', crash);
    await root.drain();
    expect(states()).toEqual({ a: 'stopped 0', b: 'stopped 0' });
    const failed = { type: 'failed', reason: 'threw', consequence: 'none', error: new Error('crash') };
    expect(events).toEqual(expect.arrayContaining([{ ...failed, path: 'root/a' }, { ...failed, path: 'root/b' }]));
  });
});
