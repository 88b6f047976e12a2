import { afterEach, describe, expect, test } from '@jest/globals';
import type { ActorDefinition } from '../actors/definition.ts';
import type { ActorRef, Reply } from '../actors/ref.ts';
import { createWorld, settle, type World } from '../actors/testing/world.ts';
import type { SupervisionEvent } from './events.ts';
import { actor, intensityOf, supervisor, type ChildOptions, type SupervisorSpec } from './spec.ts';
import { startSupervisor, type RunningSupervisor } from './supervisor.ts';

/** A message has the handler do something with the actor's name and its count of messages handled well. */
type Step = (handled: number) => string | number | undefined | void | Promise<unknown>;

const crash: Step = () => {
  throw new Error('crash');
};

const forever = (): Promise<never> => Promise.withResolvers<never>().promise;

/** No wait before a restart, so that a test moves the clock only for what it is about. */
const atOnce = { firstMs: 0, capMs: 0, quietMs: 1_000 };

const running: { readonly world: World; readonly root: RunningSupervisor }[] = [];

afterEach(async () => {
  for (const { root, world } of running.splice(0)) {
    const drained = root.drain();
    await settle();
    await world.clock.advance(60_000);
    await drained;
    world.system.stop();
  }
});

/** Actors that write down what happens to them, and a tree made of them. */
const scene = () => {
  const world = createWorld();
  const { clock, system } = world;
  const log: string[] = [];
  const events: SupervisionEvent[] = [];
  const escalations: unknown[] = [];

  const child = (name: string, options: ChildOptions = {}, more: Partial<ActorDefinition<number, Step>> = {}) => {
    const definition: ActorDefinition<number, Step> = {
      name,
      handlerDeadlineMs: 100,
      start: () => {
        log.push(`${name} starts`);
        return 0;
      },
      receive: (handled, step) => {
        const result = step(handled);
        if (result instanceof Promise) return result.then(() => handled + 1);
        if (result !== undefined) log.push(`${name}: ${String(result)}`);
        return handled + 1;
      },
      ...more,
    };
    return actor(definition, { backoff: atOnce, ...options });
  };

  /** An owner of something that there must be only one of. */
  const owner = (name: string, release: () => Promise<void> = () => Promise.resolve(), options: ChildOptions = {}) =>
    child(name, options, {
      release: async () => {
        log.push(`${name} releases`);
        await release();
        log.push(`${name} has released`);
      },
    });

  const start = (spec: Omit<SupervisorSpec, 'kind' | 'name'>): RunningSupervisor => {
    const root = startSupervisor(system, supervisor({ name: 'root', ...spec }), {
      onEvent: (event) => events.push(event),
      onEscalate: (error) => {
        log.push('the program ends');
        escalations.push(error);
      },
    });
    running.push({ world, root });
    return root;
  };

  const tell = (path: string, step: Step) => system.tell<Step>(system.ref(`root/${path}`), step);
  const states = () => Object.fromEntries(system.inspect().map(({ path, restarts, state }) => [path.slice(5), `${state} ${restarts}`]));
  const took = (type: SupervisionEvent['type']) => events.filter((event) => event.type === type).map(({ path }) => path.slice(5));
  /** Lets everything happen that waits for nothing but a turn or a restart without delay. */
  const calm = async (): Promise<void> => {
    for (let round = 0; round < 10; round += 1) {
      await settle(8);
      await clock.advance(0);
    }
  };
  return { calm, child, clock, escalations, events, log, owner, start, states, system, tell, took, world };
};

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
