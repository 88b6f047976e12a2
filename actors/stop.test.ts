import { afterEach, describe, expect, test } from '@jest/globals';
import type { ActorDefinition } from './definition.ts';
import type { ActorRef } from './ref.ts';
import { recorder, supervise, type Step } from './testing/recorder.ts';
import { createWorld, settle, type World } from './testing/world.ts';

const worlds: World[] = [];

afterEach(() => {
  for (const { system } of worlds.splice(0)) system.stop();
});

const begin = (more: Partial<ActorDefinition<number, Step>> = {}) => {
  const world = createWorld();
  worlds.push(world);
  const { clock, system } = world;
  const { definition, notes } = recorder(more);
  const ref: ActorRef<Step> = system.ref('a');
  const incarnation = system.spawn('a', definition, supervise('end'));
  return { clock, incarnation, notes, ref, system };
};

const note =
  (value: unknown): Step =>
  () =>
    value;

const clean = { forced: false, failures: [], releaseTimedOut: false };

describe('the end of an incarnation', () => {
  test('lets the handler under way finish and begins no other message', async () => {
    const { incarnation, notes, ref, system } = begin();
    const slow = Promise.withResolvers<string>();
    system.tell(ref, () => slow.promise);
    system.tell(ref, note('not begun'));
    await settle();
    const ended = incarnation.end();
    await settle();
    slow.resolve('finished');
    expect(await ended).toEqual(clean);
    expect(notes).toEqual(['finished']);
    expect(system.inspect()).toEqual([{ path: 'a', state: 'waiting', mailbox: 1, restarts: 0 }]);
  });

  test('is forced when the handler under way outlasts the shutdown time', async () => {
    const { clock, incarnation, notes, ref, system } = begin();
    const slow = Promise.withResolvers<string>();
    system.tell(ref, () => slow.promise);
    await settle();
    const ended = incarnation.end();
    await clock.advance(1_000);
    expect(await ended).toEqual({ ...clean, forced: true });
    slow.resolve('late');
    await settle();
    expect(notes).toEqual(['late']);
    expect(clock.armed).toBe(0);
  });

  test('is not stopped by a handler that fails meanwhile; the failure is told', async () => {
    const { incarnation, ref, system } = begin();
    const slow = Promise.withResolvers<string>();
    system.tell(ref, () => slow.promise);
    await settle();
    const ended = incarnation.end();
    slow.reject(new Error('crash'));
    expect(await ended).toEqual({ ...clean, failures: [new Error('crash')] });
  });

  test('waits for the release of what was held, with the last good state', async () => {
    const released = Promise.withResolvers<void>();
    const states: number[] = [];
    const release = (state: number): Promise<void> => {
      states.push(state);
      return released.promise;
    };
    const { incarnation, ref, system } = begin({ release });
    system.tell(ref, note(1));
    system.tell(ref, note(2));
    await settle();
    let over = false;
    const ended = incarnation.end().then((ending) => {
      over = true;
      return ending;
    });
    await settle();
    expect({ over, states }).toEqual({ over: false, states: [2] });
    released.resolve();
    expect(await ended).toEqual(clean);
  });

  test('waits no longer than the shutdown time for a release that hangs, and says so', async () => {
    const { clock, incarnation } = begin({ release: () => Promise.withResolvers<void>().promise });
    await settle();
    const ended = incarnation.end();
    await settle();
    await clock.advance(1_000);
    expect(await ended).toEqual({ ...clean, releaseTimedOut: true });
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('cannot release'))],
    [
      'throws',
      () => {
        throw new Error('cannot release');
      },
    ],
  ])('survives a release that %s', async (_how, release) => {
    const { incarnation } = begin({ release });
    await settle();
    expect(await incarnation.end()).toEqual({ ...clean, failures: [new Error('cannot release')] });
  });

  test('releases nothing when there was never a state', async () => {
    let released = false;
    const { incarnation } = begin({
      start: () => {
        throw new Error('no start');
      },
      release: () => {
        released = true;
        return Promise.resolve();
      },
    });
    await settle();
    await incarnation.end();
    expect(released).toBe(false);
  });

  test('can be asked for by the handler itself', async () => {
    const { incarnation, notes, ref, system } = begin();
    system.tell(ref, () => void incarnation.end());
    system.tell(ref, note('not begun'));
    await settle();
    expect(await incarnation.end()).toEqual(clean);
    expect(notes).toEqual([undefined]);
  });
});

describe('a drain', () => {
  test('closes the mailbox to others, handles what is in it, ends open work, handles what came of that, then releases', async () => {
    const events: unknown[] = [];
    const work = Promise.withResolvers<string>();
    const { incarnation, notes, ref, system } = begin({
      drain: (state) => {
        events.push(['drain', state]);
        work.resolve('result of open work');
        return Promise.resolve();
      },
      release: (state) => {
        events.push(['release', state]);
        return Promise.resolve();
      },
    });
    system.tell(ref, (context) => {
      context.pipeToSelf(work.promise, note, note);
      return 'first';
    });
    for (let index = 0; index < 200; index += 1) system.tell(ref, note(index));
    const drained = incarnation.drain();
    expect(system.tell(ref, note('too late'))).toBe('dead');
    expect(system.inspect()).toEqual([expect.objectContaining({ state: 'draining' })]);
    expect(await drained).toEqual(clean);
    expect(notes).toEqual(['first', ...Array.from({ length: 200 }, (_, index) => index), 'result of open work']);
    expect(events).toEqual([
      ['drain', 201],
      ['release', 202],
    ]);
  });

  test('takes what the actor tells itself, so that work in several steps is finished', async () => {
    const { incarnation, notes, ref, system } = begin();
    const count =
      (left: number): Step =>
      (context) => {
        if (left > 0) context.tell(context.self, count(left - 1));
        return left;
      };
    system.tell(ref, count(3));
    await incarnation.drain();
    expect(notes).toEqual([3, 2, 1, 0]);
  });

  test('waits for piped work, and for what its result begins', async () => {
    const { incarnation, notes, ref, system } = begin();
    const first = Promise.withResolvers<string>();
    const second = Promise.withResolvers<string>();
    system.tell(ref, (context) =>
      context.pipeToSelf(
        first.promise,
        (value) => (context) => {
          context.pipeToSelf(second.promise, note, note);
          return value;
        },
        note,
      ),
    );
    await settle();
    const drained = incarnation.drain();
    first.resolve('first');
    await settle();
    second.resolve('second');
    expect(await drained).toEqual(clean);
    expect(notes).toEqual([undefined, 'first', 'second']);
  });

  test('of an actor that has not begun yet begins it, for its mailbox may hold something', async () => {
    const { incarnation, notes, ref, system } = begin();
    system.tell(ref, note('told'));
    await incarnation.drain();
    expect(notes).toEqual(['told']);
  });

  test.each([
    ['a handler that hangs', { handler: true, drain: undefined }],
    ['a drain that hangs', { handler: false, drain: () => Promise.withResolvers<void>().promise }],
  ])('is forced after the shutdown time by %s, and releases all the same', async (_what, { drain, handler }) => {
    let released = false;
    const release = (): Promise<void> => {
      released = true;
      return Promise.resolve();
    };
    const { clock, incarnation, ref, system } = begin(drain === undefined ? { release } : { release, drain });
    if (handler) system.tell(ref, () => Promise.withResolvers<void>().promise);
    await settle();
    const drained = incarnation.drain();
    await settle();
    await clock.advance(1_000);
    expect(await drained).toEqual({ ...clean, forced: true });
    expect(released).toBe(true);
  });

  test('that fails is told, and the release still comes', async () => {
    let released = false;
    const { incarnation } = begin({
      drain: () => Promise.reject(new Error('cannot drain')),
      release: () => {
        released = true;
        return Promise.resolve();
      },
    });
    await settle();
    expect(await incarnation.drain()).toEqual({ ...clean, failures: [new Error('cannot drain')] });
    expect(released).toBe(true);
  });

  test('ends with the incarnation when a message crashes it, and leaves no timer', async () => {
    const { clock, incarnation, notes, ref, system } = begin();
    system.tell(ref, () => {
      throw new Error('crash');
    });
    system.tell(ref, note('left'));
    expect(await incarnation.drain()).toEqual(clean);
    system.close('a');
    expect(notes).toEqual([]);
    expect(system.deadLetters).toBe(1);
    expect(clock.armed).toBe(0);
  });

  test('asked for twice is one drain', async () => {
    const { incarnation } = begin();
    expect(incarnation.drain()).toBe(incarnation.drain());
    await incarnation.drain();
  });
});
