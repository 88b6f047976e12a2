import { describe, expect, test } from '@jest/globals';
import { intensityOf, supervisor } from './spec.ts';
import { crash, forever, scene, useSupervisorStage } from './testing/supervisor-stage.ts';

useSupervisorStage();

describe('one-for-one', () => {
  test('begins the child that failed anew, keeps what waited for it, and leaves the others alone', async () => {
    const { calm, child, log, start, states, tell } = scene();
    start({ strategy: 'one-for-one', children: [child('a'), child('b'), child('c')] });
    await calm();
    log.length = 0;
    tell('b', crash);
    tell('b', (handled) => `kept, ${handled} before`);
    await calm();
    expect(log).toEqual(['b starts', 'b: kept, 0 before']);
    expect(states()).toEqual({ a: 'running 0', b: 'running 1', c: 'running 0' });
  });

  test('begins a child that hung anew, and what it left behind touches nothing', async () => {
    const { calm, child, clock, log, start, tell } = scene();
    start({ strategy: 'one-for-one', children: [child('a')] });
    const late = Promise.withResolvers<void>();
    tell('a', () => late.promise);
    tell('a', (handled) => handled);
    await calm();
    await clock.advance(100);
    await calm();
    late.resolve();
    tell('a', (handled) => handled);
    await calm();
    expect(log).toEqual(['a starts', 'a starts', 'a: 0', 'a: 1']);
  });

  test('waits longer before each restart, and takes messages all the while', async () => {
    const { calm, child, clock, log, start, states, system, tell } = scene();
    const backoff = { firstMs: 1_000, capMs: 60_000, quietMs: 600_000 };
    start({ strategy: 'one-for-one', intensity: { restarts: 9, withinMs: 1 }, children: [child('a', { backoff })] });
    const waits: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      tell('a', crash);
      await calm();
      expect(tell('a', () => undefined)).toBe('queued');
      expect(states()).toEqual({ a: `waiting ${round}` });
      const began = clock.monotonic();
      while (system.inspect()[0]?.state === 'waiting') await clock.advance(1);
      waits.push(clock.monotonic() - began);
      await calm();
    }
    const bounds = [1_000, 2_000, 4_000, 8_000, 16_000];
    for (const [round, bound] of bounds.entries()) expect(waits[round]).toBeLessThanOrEqual(bound);
    expect(Math.max(...waits)).toBeGreaterThan(4_000);
    expect(log.filter((line) => line === 'a starts').length).toBe(6);
  });

  test('resumes a child whose decider says so, with the state of its last good message', async () => {
    const { calm, child, events, log, start, states, tell } = scene();
    start({ strategy: 'one-for-one', children: [child('a', { decide: () => 'resume' })] });
    tell('a', () => 'good');
    tell('a', crash);
    tell('a', (handled) => handled);
    await calm();
    expect(log).toEqual(['a starts', 'a: good', 'a: 1']);
    expect(states()).toEqual({ a: 'running 0' });
    expect(events).toEqual([{ type: 'failed', path: 'root/a', reason: 'threw', consequence: 'resume', error: new Error('crash') }]);
  });

  test('begins a child anew whose decider throws', async () => {
    const { calm, child, start, states, tell } = scene();
    const decide = (): never => {
      throw new Error('thrown by the decider');
    };
    start({ strategy: 'one-for-one', children: [child('a', { decide })] });
    tell('a', crash);
    await calm();
    expect(states()).toEqual({ a: 'running 1' });
  });

  test('leaves a temporary child away after a failure, and a transient one after a normal end', async () => {
    const { calm, child, start, states, system, tell, took } = scene();
    const children = [child('temporary', { restart: 'temporary' }), child('transient', { restart: 'transient', decide: () => 'stop' })];
    start({ strategy: 'one-for-one', children });
    for (const name of ['temporary', 'transient']) {
      tell(name, crash);
      tell(name, () => 'left');
    }
    await calm();
    expect(states()).toEqual({ temporary: 'stopped 0', transient: 'stopped 0' });
    expect(took('stopped').sort()).toEqual(['temporary', 'transient']);
    expect(system.deadLetters).toBe(2);
  });

  test('survives a listener that throws', async () => {
    const { calm, child, events, start, states, tell } = scene();
    events.push = () => {
      throw new Error('thrown by the listener');
    };
    start({ strategy: 'one-for-one', children: [child('a')] });
    tell('a', crash);
    await calm();
    expect(states()).toEqual({ a: 'running 1' });
  });
});

describe('rest-for-one', () => {
  test('begins exactly the failed child and those after it anew: ended from the last, begun in order', async () => {
    const { calm, log, owner, start, states, tell } = scene();
    start({ strategy: 'rest-for-one', children: [owner('connection'), owner('channel'), owner('consumer')] });
    await calm();
    log.length = 0;
    tell('channel', crash);
    await calm();
    expect(states()).toEqual({ connection: 'running 0', channel: 'running 1', consumer: 'running 1' });
    expect(log).toEqual(expect.arrayContaining(['consumer has released', 'channel has released']));
    expect(log.slice(-2)).toEqual(['channel starts', 'consumer starts']);
    expect(log).toHaveLength(6);
  });

  test('lets the later siblings finish the message they are at, and keeps the rest of their mailboxes', async () => {
    const { calm, child, log, start, tell } = scene();
    start({ strategy: 'rest-for-one', children: [child('first'), child('second')] });
    await calm();
    log.length = 0;
    const slow = Promise.withResolvers<void>();
    tell('second', () => slow.promise.then(() => log.push('second finishes')));
    tell('second', (handled) => handled);
    await calm();
    tell('first', crash);
    await calm();
    expect(log).toEqual([]);
    slow.resolve();
    await calm();
    expect(log).toEqual(['second finishes', 'first starts', 'second starts', 'second: 0']);
  });

  test('widens to an earlier child that fails while it repairs', async () => {
    const { calm, child, clock, log, owner, start, states, tell } = scene();
    const release = Promise.withResolvers<void>();
    start({ strategy: 'rest-for-one', children: [child('first'), child('second'), owner('third', () => release.promise)] });
    await calm();
    log.length = 0;
    tell('second', crash);
    await calm();
    tell('first', crash);
    await calm();
    expect(log).toEqual(['third releases']);
    release.resolve();
    await calm();
    expect(log.slice(1)).toEqual(['third has released', 'first starts', 'second starts', 'third starts']);
    expect(states()).toEqual({ first: 'running 1', second: 'running 1', third: 'running 1' });
    expect(clock.armed).toBe(0);
  });

  test('does not bring a temporary child back that went down with an earlier one', async () => {
    const { calm, child, start, states, tell } = scene();
    start({ strategy: 'rest-for-one', children: [child('first'), child('second', { restart: 'temporary' }), child('third')] });
    tell('first', crash);
    await calm();
    expect(states()).toEqual({ first: 'running 1', second: 'stopped 0', third: 'running 1' });
  });
});

describe('owners of resources', () => {
  test('are replaced only after they have released, so that two never overlap', async () => {
    const { calm, log, owner, start, tell } = scene();
    const release = Promise.withResolvers<void>();
    start({ strategy: 'one-for-one', children: [owner('socket', () => release.promise)] });
    tell('socket', crash);
    await calm();
    expect(log).toEqual(['socket starts', 'socket releases']);
    release.resolve();
    await calm();
    expect(log).toEqual(['socket starts', 'socket releases', 'socket has released', 'socket starts']);
  });

  test('that do not come to release anything are replaced after the shutdown time, and that is reported', async () => {
    const { calm, clock, events, log, owner, start, tell } = scene();
    start({ strategy: 'one-for-one', children: [owner('socket', forever, { shutdownMs: 500 })] });
    tell('socket', crash);
    await calm();
    await clock.advance(499);
    await calm();
    expect(log).toEqual(['socket starts', 'socket releases']);
    await clock.advance(1);
    await calm();
    expect(log).toEqual(['socket starts', 'socket releases', 'socket starts']);
    expect(events.map(({ type }) => type)).toEqual(['failed', 'releaseTimedOut', 'restarted']);
  });

  test('whose release fails are replaced, and that is reported', async () => {
    const { calm, events, owner, start, states, tell } = scene();
    start({ strategy: 'one-for-one', children: [owner('socket', () => Promise.reject(new Error('cannot release')))] });
    tell('socket', crash);
    await calm();
    expect(states()).toEqual({ socket: 'running 1' });
    expect(events).toContainEqual({ type: 'endFailed', path: 'root/socket', error: new Error('cannot release') });
  });
});

describe('a tree', () => {
  test('with more than 64 children under one supervisor is refused, with the way out', () => {
    const { child, start } = scene();
    const children = Array.from({ length: 65 }, (_, index) => child(`c${index}`));
    expect(() => start({ strategy: 'one-for-one', children })).toThrow('root has 65 children, and a supervisor may have 64: put some under a supervisor of their own');
  });

  test('with two children of one name is refused', () => {
    const { child, start } = scene();
    expect(() => start({ strategy: 'one-for-one', children: [child('a'), child('a')] })).toThrow('root has two children named a');
  });

  test('stands fewer restarts the higher up', () => {
    const { child } = scene();
    const leaf = supervisor({ name: 'leaf', strategy: 'one-for-one', children: [child('a')] });
    const middle = supervisor({ name: 'middle', strategy: 'one-for-one', children: [leaf] });
    expect(intensityOf(leaf, false)).toEqual({ restarts: 5, withinMs: 30_000 });
    expect(intensityOf(middle, false)).toEqual({ restarts: 3, withinMs: 60_000 });
    expect(intensityOf(middle, true)).toEqual({ restarts: 3, withinMs: 300_000 });
  });
});
