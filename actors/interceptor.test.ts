import { afterEach, describe, expect, test } from '@jest/globals';
import type { Interceptor } from './interceptor.ts';
import type { ActorRef } from './ref.ts';
import { recorder, supervise, type Step } from './testing/recorder.ts';
import { createWorld, settle, type World } from './testing/world.ts';

const worlds: World[] = [];

afterEach(() => {
  for (const { system } of worlds.splice(0)) system.stop();
});

const begin = (interceptors: readonly Interceptor[]) => {
  const world = createWorld(interceptors);
  worlds.push(world);
  const { clock, system } = world;
  const { definition, notes } = recorder();
  const ref: ActorRef<Step> = system.ref('a');
  const supervision = supervise('resume');
  system.spawn('a', definition, supervision);
  return { clock, notes, ref, supervision, system };
};

const state: Step = (_context, handled) => handled;

describe('interceptors', () => {
  test('stand around every handler, the first outermost, and are told path, message and trace', async () => {
    const events: unknown[] = [];
    const around =
      (name: string): Interceptor =>
      (handled, next) => {
        events.push([name, handled]);
        const value = next();
        events.push(`${name} after`);
        return value;
      };
    const { notes, ref, system } = begin([around('outer'), around('inner')]);
    const trace = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };
    system.tell(ref, state, { trace });
    await settle();
    const handled = { path: 'a', message: state, trace };
    expect(events).toEqual([['outer', handled], ['inner', handled], 'inner after', 'outer after']);
    expect(notes).toEqual([0]);
  });

  test('cannot change the state, whatever they return', async () => {
    const { notes, ref, system } = begin([
      (_handled, next) => {
        next();
        return 'not a state';
      },
      (_handled, next) => Promise.resolve(next()).then(() => 'nor is this'),
    ]);
    for (let index = 0; index < 3; index += 1) system.tell(ref, () => Promise.resolve());
    system.tell(ref, state);
    await settle();
    expect(notes.at(-1)).toBe(3);
  });

  test('that throw, before the handler or after it, crash the actor and keep its last good state', async () => {
    let turn = 0;
    const { notes, ref, supervision, system } = begin([
      (_handled, next) => {
        turn += 1;
        if (turn === 1) throw new Error('before');
        const value = next();
        if (turn === 2) throw new Error('after');
        return value;
      },
    ]);
    for (let index = 0; index < 3; index += 1) system.tell(ref, state);
    await settle();
    expect(supervision.crashes.map(({ error }) => error)).toEqual([new Error('before'), new Error('after')]);
    expect(notes).toEqual([0, 0]);
  });

  test('that hang are cut by the deadline of the handler', async () => {
    let turn = 0;
    const { clock, notes, ref, supervision, system } = begin([
      (_handled, next) => {
        turn += 1;
        return turn === 1 ? Promise.withResolvers<void>().promise : next();
      },
    ]);
    system.tell(ref, state);
    system.tell(ref, state);
    await settle();
    await clock.advance(30_000);
    await settle();
    expect(supervision.crashes).toEqual([expect.objectContaining({ reason: 'hung' })]);
    expect(notes).toEqual([0]);
  });

  test('may hold a handler back', async () => {
    const gate = Promise.withResolvers<void>();
    const { notes, ref, system } = begin([(_handled, handle) => gate.promise.then(() => handle())]);
    system.tell(ref, state);
    system.tell(ref, state);
    await settle();
    expect(notes).toEqual([]);
    gate.resolve();
    await settle();
    expect(notes).toEqual([0, 1]);
  });
});
