import { describe, expect, test } from '@jest/globals';
import { dispatch, spawn } from 'nact';
import { begin, gate, realImmediate, rounds, run, useNactStage } from './testing/nact-stage.ts';

useNactStage();

describe("3.3 trap 5: a parent's onCrash for a child", () => {
  const family = (answer: 'resume' | 'resetChild' | 'stopChild') => {
    const busy = gate();
    const events: string[] = [];
    const parent = spawn(
      begin(),
      async (_state: unknown, message: string) => {
        events.push(`parent begins ${message}`);
        if (message === 'slow') await busy.promise;
        events.push(`parent ends ${message}`);
      },
      'parent',
      {
        onCrash: (_message, _error, ctx) => {
          events.push('parent decides');
          return ctx[answer];
        },
      },
    );
    const child = spawn(
      parent,
      (_state: unknown, message: string) => {
        if (message === 'bad') throw new Error('crash');
        events.push(`child handles ${message}`);
      },
      'child',
      { onCrash: (_message, _error, ctx) => ctx.escalate, afterStop: () => void events.push('child stopped') },
    );
    return { busy, child, events, parent };
  };

  test('it runs while the parent is in the middle of a handler', async () => {
    const { busy, child, events, parent } = family('stopChild');
    dispatch(parent, 'slow');
    await rounds(2);
    dispatch(child, 'bad');
    await rounds();
    busy.resolve();
    await rounds();
    expect(events).toEqual(['parent begins slow', 'parent decides', 'child stopped', 'parent ends slow']);
  });

  test('resume acts on the parent, which begins its next message in the middle of one, while the child is stuck for ever', async () => {
    const { child, events, parent } = family('resume');
    dispatch(parent, 'slow');
    dispatch(parent, 'next');
    await rounds(2);
    dispatch(child, 'bad');
    dispatch(child, 'good');
    await rounds();
    expect(events).toEqual(['parent begins slow', 'parent decides', 'parent begins next', 'parent ends next']);
  });

  test('resetChild brings the child back, with what waited for it', async () => {
    const { child, events } = family('resetChild');
    dispatch(child, 'bad');
    dispatch(child, 'good');
    await rounds();
    expect(events).toEqual(['parent decides', 'child handles good']);
  });
});

describe('3.3 trap 6: supervision that ends the process', () => {
  test('an onCrash that throws is an unhandled rejection', async () => {
    const { code, stderr } = await run(`
      dispatch(spawn(system, () => { throw new Error('crash'); }, 'a', { onCrash: () => { throw new Error('thrown by onCrash'); } }), 'x');`);
    expect(code).toBe(1);
    expect(stderr).toContain('thrown by onCrash');
  });

  test('escalate after the actor has stopped is an unhandled rejection', async () => {
    const { code, stderr } = await run(`
      const a = spawn(system, () => { throw new Error('crash'); }, 'a', { onCrash: (m, e, ctx) => { stop(a); return ctx.escalate; } });
      dispatch(a, 'x');`);
    expect(code).toBe(1);
    expect(stderr).toContain("reading 'handleFault'");
  });

  test('stopChild for a child that is gone is an unhandled rejection', async () => {
    const { code, stderr } = await run(`
      const parent = spawn(system, () => {}, 'parent', { onCrash: (m, e, ctx, child) => { stop(child); return ctx.stopChild; } });
      dispatch(spawn(parent, () => { throw new Error('crash'); }, 'a', { onCrash: (m, e, ctx) => ctx.escalate }), 'x');`);
    expect(code).toBe(1);
    expect(stderr).toContain("reading 'stop'");
  });
});

describe('3.3 trap 7: initialStateFunc', () => {
  test('one that throws under a policy of reset is called again and again before the event loop goes on', async () => {
    let calls = 0;
    let wentOn = false;
    let starved: boolean | undefined;
    realImmediate(() => {
      wentOn = true;
    });
    spawn(begin(), (): unknown => undefined, 'a', {
      initialStateFunc: () => {
        calls += 1;
        if (calls < 10_000) throw new Error('not yet');
        starved = !wentOn;
      },
      onCrash: (_message, _error, ctx) => ctx.reset,
    });
    await rounds();
    expect({ calls, starved }).toEqual({ calls: 10_000, starved: true });
  });

  test('while its policy waits, messages are handled without a state', async () => {
    const states: unknown[] = [];
    const actor = spawn(begin(), (state: unknown) => void states.push(state), 'a', {
      initialStateFunc: () => {
        throw new Error('no state');
      },
      onCrash: () => gate<symbol>().promise,
    });
    dispatch(actor, 'x');
    await rounds();
    expect(states).toEqual([undefined]);
  });

  test('a promise it returns is taken for the state itself', async () => {
    const states: unknown[] = [];
    const actor = spawn(begin(), (state: unknown): unknown => void states.push(state), 'a', { initialStateFunc: () => Promise.resolve('later') });
    dispatch(actor, 'x');
    await rounds();
    expect(states).toEqual([expect.any(Promise)]);
  });
});
