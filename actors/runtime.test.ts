import { describe, expect, test } from '@jest/globals';
import type { ActorRef } from './ref.ts';
import { recorder, supervise, type Step } from './testing/recorder.ts';
import { settle } from './testing/world.ts';
import { note, recorderAt, useRuntimeStage, world } from './testing/runtime-stage.ts';

useRuntimeStage();

describe('telling', () => {
  test('messages are handled in the order they were told, each with the state the one before left', async () => {
    const { notes, ref, system } = recorderAt('a');
    for (let index = 0; index < 500; index += 1) system.tell(ref, (_context, handled) => [index, handled]);
    await settle();
    expect(notes).toEqual(Array.from({ length: 500 }, (_, index) => [index, index]));
  });

  test('a handler that returns a promise is waited for before the next message is begun', async () => {
    const { notes, ref, system } = recorderAt('a');
    const slow = Promise.withResolvers<string>();
    system.tell(ref, () => slow.promise);
    system.tell(ref, note('second'));
    await settle();
    expect(notes).toEqual([]);
    slow.resolve('first');
    await settle();
    expect(notes).toEqual(['first', 'second']);
  });

  test('what is told before an actor exists waits for it', async () => {
    const { system } = world();
    const { definition, notes } = recorder();
    const ref: ActorRef<Step> = system.ref('later/actor');
    expect(system.tell(ref, note('early'))).toBe('queued');
    expect(system.inspect()).toEqual([{ path: 'later/actor', state: 'waiting', mailbox: 1, restarts: 0 }]);
    system.spawn('later/actor', definition, supervise('end'));
    await settle();
    expect(notes).toEqual(['early']);
  });

  test('a full mailbox refuses, says so, and takes messages again when it has room', async () => {
    const { notes, ref, system } = recorderAt('a', { capacity: 2 });
    const outcomes = [1, 2, 3].map((value) => system.tell(ref, note(value)));
    expect(outcomes).toEqual(['queued', 'queued', 'full']);
    await settle();
    expect(system.tell(ref, note(4))).toBe('queued');
    await settle();
    expect(notes).toEqual([1, 2, 4]);
  });

  test('a mailbox is bounded also while no actor is there', () => {
    const { system } = world();
    const ref: ActorRef<Step> = system.ref('nobody');
    const outcomes = new Set(Array.from({ length: 10_001 }, () => system.tell(ref, note(0))));
    expect(outcomes).toEqual(new Set(['queued', 'full']));
    expect(system.inspect()).toEqual([expect.objectContaining({ mailbox: 10_000 })]);
  });

  test('messages to an actor that has stopped are refused and counted', async () => {
    const { incarnation, ref, system } = recorderAt('a');
    await settle();
    await incarnation.end();
    system.tell(ref, note('left in the mailbox'));
    system.close('a');
    expect(system.tell(ref, note('told too late'))).toBe('dead');
    expect(system.deadLetters).toBe(2);
    expect(system.inspect()).toEqual([{ path: 'a', state: 'stopped', mailbox: 0, restarts: 0 }]);
  });

  test('the depth of a mailbox can be read while its actor is busy', async () => {
    const { ref, system } = recorderAt('a');
    system.tell(ref, () => Promise.withResolvers<void>().promise);
    for (const value of [1, 2, 3]) system.tell(ref, note(value));
    await settle();
    expect(system.inspect()).toEqual([{ path: 'a', state: 'running', mailbox: 3, restarts: 0 }]);
  });

  test('an actor with much to do lets others and the event loop have their turn', async () => {
    const { ref, system } = recorderAt('busy');
    const { definition, notes } = recorder();
    const other: ActorRef<Step> = system.ref('other');
    system.spawn('other', definition, supervise('end'));
    let handled = 0;
    for (let index = 0; index < 5_000; index += 1) system.tell(ref, () => (handled += 1));
    system.tell(other, () => handled);
    await settle(2);
    expect(notes).toEqual([expect.any(Number)]);
    expect(notes[0]).toBeLessThan(200);
    expect(handled).toBeLessThan(5_000);
  });

  test('two incarnations at one path are refused', () => {
    const { spawn } = recorderAt('a');
    expect(spawn).toThrow('a already has an incarnation');
  });

  test('systems of the same name in one process do not meet', async () => {
    const [first, second] = [recorderAt('a'), recorderAt('a')];
    first.system.tell(first.ref, note('for the first'));
    await settle();
    expect([first.notes, second.notes]).toEqual([['for the first'], []]);
  });
});

describe('what an actor starts itself', () => {
  test('the outcome of a promise comes back as a message, also when the mailbox is full', async () => {
    const { notes, ref, system } = recorderAt('a', { capacity: 1 });
    const good = Promise.withResolvers<string>();
    const bad = Promise.withResolvers<string>();
    const pipe =
      (work: Promise<string>): Step =>
      (context) => {
        context.pipeToSelf(work, note, (error) => note(String(error)));
        return 'piped';
      };
    system.tell(ref, pipe(good.promise));
    await settle();
    system.tell(ref, pipe(bad.promise));
    await settle();
    const block = Promise.withResolvers<string>();
    system.tell(ref, () => block.promise);
    await settle();
    system.tell(ref, note('fills the mailbox'));
    good.resolve('gave');
    bad.reject(new Error('failed'));
    await settle();
    block.resolve('block');
    await settle();
    expect(notes).toEqual(['piped', 'piped', 'block', 'fills the mailbox', 'gave', 'Error: failed']);
  });

  test('a mapping that throws crashes the actor it was meant for, and no one else', async () => {
    const { notes, ref, supervision, system } = recorderAt('a');
    const mapping = (): Step => {
      throw new Error('no message to be made');
    };
    system.tell(ref, (context) => context.pipeToSelf(Promise.resolve(), mapping, mapping));
    await settle();
    system.tell(ref, note('goes on'));
    await settle();
    expect(supervision.crashes).toEqual([{ reason: 'threw', error: new Error('no message to be made') }]);
    expect(notes).toEqual([undefined, 'goes on']);
  });

  test('a mapping that throws while the actor is at a message crashes it when that has ended', async () => {
    const { notes, ref, supervision, system } = recorderAt('a');
    const [piped, slow] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const mapping = (): Step => {
      throw new Error('no message to be made');
    };
    system.tell(ref, (context) => {
      context.pipeToSelf(piped.promise, mapping, mapping);
      return slow.promise;
    });
    await settle();
    piped.resolve();
    await settle();
    expect(supervision.crashes).toEqual([]);
    slow.resolve('finished');
    await settle();
    expect(notes).toEqual(['finished']);
    expect(supervision.crashes).toEqual([{ reason: 'threw', error: new Error('no message to be made') }]);
  });

  test('a message for later comes after its time, unless it is cancelled', async () => {
    const { clock, notes, ref, system } = recorderAt('a');
    system.tell(ref, (context) => {
      context.later(100, note('comes'));
      context.later(100, note('does not'))();
    });
    await settle();
    await clock.advance(99);
    expect(notes).toEqual([undefined]);
    await clock.advance(1);
    await settle();
    expect(notes).toEqual([undefined, 'comes']);
    expect(clock.armed).toBe(0);
  });

  test('nothing that an incarnation began reaches the next one: no result, no timer, no message to itself', async () => {
    const { clock, incarnation, notes, ref, spawn, system } = recorderAt('a', {}, 'end');
    const work = Promise.withResolvers<string>();
    let stale: (() => void) | undefined;
    system.tell(ref, (context) => {
      context.pipeToSelf(work.promise, note, note);
      context.later(10, note('timer'));
      stale = () => expect(context.tell(context.self, note('from a stale context'))).toBe('dead');
    });
    await settle();
    system.tell(ref, (context) => {
      context.tell(context.self, note('to itself'));
      throw new Error('crash');
    });
    await settle();
    await incarnation.end();
    spawn();
    work.resolve('result');
    stale?.();
    await clock.advance(10);
    await settle();
    system.tell(ref, note('new'));
    await settle();
    expect(notes).toEqual([undefined, 'new']);
  });
});
