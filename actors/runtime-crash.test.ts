import { describe, expect, test } from '@jest/globals';
import { recorder, type Step } from './testing/recorder.ts';
import { settle } from './testing/world.ts';
import { note, recorderAt, useRuntimeStage, world } from './testing/runtime-stage.ts';

useRuntimeStage();

const crash: Step = () => {
  throw new Error('crash');
};

describe('crashes', () => {
  test('a crash costs the one message; resumed, the actor goes on with the state of the last good one', async () => {
    const { notes, ref, supervision, system } = recorderAt('a');
    system.tell(ref, note('good'));
    system.tell(ref, crash);
    system.tell(ref, () => Promise.reject(new Error('rejected')));
    system.tell(ref, (_context, handled) => handled);
    await settle();
    expect(notes).toEqual(['good', 1]);
    expect(supervision.crashes).toEqual([
      { reason: 'threw', error: new Error('crash') },
      { reason: 'threw', error: new Error('rejected') },
    ]);
  });

  test('an incarnation that is not resumed leaves its mailbox to the next one, which begins with a new state', async () => {
    const { incarnation, notes, ref, spawn, system } = recorderAt('a', {}, 'end');
    system.tell(ref, note('good'));
    system.tell(ref, crash);
    system.tell(ref, (_context, handled) => ['kept', handled]);
    await settle();
    await incarnation.end();
    expect(system.inspect()).toEqual([{ path: 'a', state: 'waiting', mailbox: 1, restarts: 0 }]);
    spawn();
    await settle();
    expect(notes).toEqual(['good', ['kept', 0]]);
    expect(system.inspect()).toEqual([{ path: 'a', state: 'running', mailbox: 0, restarts: 1 }]);
  });

  test('a start that throws is a crash, after which there is nothing to resume', async () => {
    let starts = 0;
    const start = (): number => {
      starts += 1;
      throw new Error('no start');
    };
    const { incarnation, ref, supervision, system } = recorderAt('a', { start });
    system.tell(ref, note('waits'));
    await settle();
    await incarnation.end();
    expect(supervision.crashes).toEqual([{ reason: 'start', error: new Error('no start') }]);
    expect(starts).toBe(1);
  });

  test('a supervision that throws counts as one that does not resume', async () => {
    const { system } = world();
    const { definition } = recorder();
    const onCrash = (): never => {
      throw new Error('thrown by the supervision');
    };
    const incarnation = system.spawn('a', definition, { shutdownMs: 1_000, onCrash });
    system.tell(system.ref<Step>('a'), crash);
    await settle();
    expect((await incarnation.end()).failures).toEqual([new Error('thrown by the supervision')]);
  });

  test('a handler whose promise is not settled by its deadline is a crash, and what it does later is void', async () => {
    const { clock, notes, ref, supervision, system } = recorderAt('a', { handlerDeadlineMs: 50 });
    const hung = Promise.withResolvers<string>();
    system.tell(ref, () => hung.promise);
    for (const name of ['next', 'after']) system.tell(ref, (_context, handled) => [name, handled]);
    await settle();
    await clock.advance(49);
    expect(supervision.crashes).toEqual([]);
    await clock.advance(1);
    await settle();
    expect(supervision.crashes).toEqual([{ reason: 'hung', error: expect.objectContaining({ code: 'timeout' }) }]);
    hung.resolve('late');
    await settle();
    system.tell(ref, (_context, handled) => ['last', handled]);
    await settle();
    expect(notes).toEqual([['next', 0], ['after', 1], 'late', ['last', 2]]);
  });

  test('no deadline is armed for a handler that returns no promise, and none is left after one that does', async () => {
    const { clock, ref, system } = recorderAt('a');
    const armed: number[] = [];
    system.tell(ref, () => void armed.push(clock.armed));
    system.tell(ref, () => Promise.resolve().then(() => armed.push(clock.armed)));
    await settle();
    expect(armed).toEqual([0, 1]);
    expect(clock.armed).toBe(0);
  });
});
