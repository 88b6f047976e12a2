// What nact 7.6.2 does, found by running it bare. Each test is a fact that actors/runtime.ts was built around; one that
// fails after an upgrade names the part of the runtime to look at again. Facts that end a process are seen in one of their own.
import { describe, expect, jest, test } from '@jest/globals';
import { dispatch, query, spawn, spawnStateless, start, stop } from 'nact';
import { begin, gate, realImmediate, type Ref, rounds, run, systems, useNactStage } from './testing/nact-stage.ts';

useNactStage();

describe('3.1 the interface', () => {
  test('ESM sees the verbs as named exports but not the time constants', async () => {
    const { stdout } = await run("const names = Object.keys(await import('nact')); console.log(names.sort().join(' '));");
    const names = stdout.trim().split(' ');
    expect(names).toEqual(expect.arrayContaining(['spawn', 'spawnStateless', 'query', 'dispatch', 'stop', 'start', 'Nobody']));
    expect(names).not.toContain('seconds');
    expect(names).not.toContain('configureLogging');
  });

  test('a system name given as the typings want it is ignored, and every system gets a random one', () => {
    const named = start('node');
    systems.push(named);
    expect(named).not.toHaveProperty('name', 'node');
    expect(named).toHaveProperty('name', expect.stringMatching(/^\w+-\w+-\w+-\w+$/));
  });

  test('a handler that returns nothing leaves no state', async () => {
    const states: unknown[] = [];
    const actor = spawn(begin(), (state: unknown): unknown => void states.push(state), 'a', { initialState: 'first' });
    dispatch(actor, 1);
    dispatch(actor, 2);
    await rounds();
    expect(states).toEqual(['first', undefined]);
  });

  test('a stateless actor ignores its onCrash, goes on in silence, and handles one message at a time', async () => {
    const first = gate();
    const seen: unknown[] = [];
    const onCrash = jest.fn(() => Symbol('unused'));
    const log = jest.spyOn(console, 'log');
    const actor = spawnStateless(
      begin(),
      async (message: number) => {
        seen.push(`begin ${message}`);
        if (message === 0) throw new Error('lost');
        if (message === 1) await first.promise;
        seen.push(`end ${message}`);
      },
      'a',
      { onCrash },
    );
    for (const message of [0, 1, 2]) dispatch(actor, message);
    await rounds();
    expect(seen).toEqual(['begin 0', 'begin 1']);
    first.resolve();
    await rounds();
    expect(seen).toEqual(['begin 0', 'begin 1', 'end 1', 'begin 2', 'end 2']);
    expect(onCrash).not.toHaveBeenCalled();
    expect(log).not.toHaveBeenCalled();
  });

  test('a message to an actor that is gone is dropped without a word', async () => {
    const handled = jest.fn();
    const actor = spawn(begin(), handled, 'a');
    stop(actor);
    expect(dispatch(actor, 'x')).toBeUndefined();
    await rounds();
    expect(handled).not.toHaveBeenCalled();
  });

  test('a query to an actor that is gone rejects at once, one with no time at all throws', async () => {
    const actor = spawn(begin(), () => undefined, 'a');
    expect(() => query(actor, () => 'x', 0)).toThrow('A timeout is required');
    stop(actor);
    await expect(query(actor, () => 'x', 1_000)).rejects.toThrow('Actor stopped or never existed');
  });

  test('a query is not told when the actor crashes or stops midway: it runs into its time-out, a plain error', async () => {
    const crashing = spawn(begin(), () => Promise.reject(new Error('crash')), 'crashing', { onCrash: (_m, _e, ctx) => ctx.resume });
    const stopping = spawn(begin(), () => gate().promise, 'stopping');
    const crashed = query(crashing, () => 'x', 30);
    const stopped = query(stopping, () => 'x', 30);
    await rounds(2);
    stop(stopping);
    await expect(crashed).rejects.toThrow(new Error('Query Timeout'));
    await expect(stopped).rejects.toThrow(new Error('Query Timeout'));
  });

  test('a second reply to a query does nothing', async () => {
    const replies: Ref[] = [];
    const actor = spawn(begin(), (_state: unknown, reply: Ref) => void replies.push(reply), 'a');
    const answer = query(actor, (reply: Ref) => reply, 1_000);
    await rounds(2);
    for (const reply of replies) {
      dispatch(reply, 'first');
      dispatch(reply, 'second');
    }
    await expect(answer).resolves.toBe('first');
  });

  test('shutdownAfter stops an actor that was idle for so long, counted anew from each message', async () => {
    const stopped = gate();
    const actor = spawn(begin(), () => undefined, 'a', { shutdownAfter: 20, afterStop: () => stopped.resolve() });
    dispatch(actor, 'x');
    await stopped.promise;
    expect(dispatch(actor, 'y')).toBeUndefined();
  });

  test('by default a crash is written to the console and stops the actor', async () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const afterStop = jest.fn<() => void>();
    const actor = spawn(begin(), () => Promise.reject(new Error('crash')), 'a', { afterStop });
    dispatch(actor, 'x');
    await rounds();
    expect(log).toHaveBeenCalledTimes(1);
    expect(afterStop).toHaveBeenCalledTimes(1);
  });

  test('a crash that reaches the root of the system is written to the console and stops the child', async () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const afterStop = jest.fn<() => void>();
    const actor = spawn(begin(), () => Promise.reject(new Error('crash')), 'a', { onCrash: (_m, _e, ctx) => ctx.escalate, afterStop });
    dispatch(actor, 'x');
    await rounds();
    expect(log).toHaveBeenCalledWith('Stopping top level actor,', 'a', 'due to a fault');
    expect(afterStop).toHaveBeenCalledTimes(1);
  });

  test('ctx.log, typed as present, is undefined without a logging plug-in', async () => {
    const logs: unknown[] = [];
    dispatch(spawn(begin(), (_state: unknown, _message: string, ctx) => void logs.push(ctx.log), 'a'), 'x');
    await rounds();
    expect(logs).toEqual([undefined]);
  });
});

describe('3.2 the types', () => {
  test('references of different message types are one type', async () => {
    const handled: number[] = [];
    const ofNumbers = [spawn(begin(), (_state: unknown, message: number) => void handled.push(message), 'a')];
    // Were they told apart, this would not compile.
    ofNumbers.push(spawn(begin(), (_state: unknown, message: string) => void handled.push(message.length), 'b'));
    for (const actor of ofNumbers) dispatch(actor, 3);
    await rounds();
    expect(handled).toEqual([3, undefined]);
  });

  test('what waits in a mailbox is typed as messages, but is their envelopes', async () => {
    const mailboxes: unknown[] = [];
    const actor = spawn(begin(), () => Promise.reject(new Error('crash')), 'a', {
      onCrash: (_message: unknown, _error, ctx) => {
        mailboxes.push(ctx.mailbox);
        return ctx.stop;
      },
    });
    dispatch(actor, 1);
    dispatch(actor, 2);
    await rounds();
    expect(mailboxes).toEqual([[{ message: 2, sender: expect.anything() }]]);
  });
});

describe('3.3 trap 1: turns', () => {
  test('an actor handles one message in each round of the event loop, in order', async () => {
    let round = 0;
    const handledIn: number[] = [];
    const count = (): void => {
      round += 1;
      if (handledIn.length < 4) realImmediate(count);
    };
    realImmediate(count);
    const actor = spawn(begin(), (_state: unknown, message: number) => void handledIn.push(message, round), 'a');
    dispatch(actor, 10);
    dispatch(actor, 20);
    await rounds();
    expect(handledIn).toEqual([10, 1, 20, 2]);
  });

  test('a slow handler blocks its mailbox, which takes any number of messages', async () => {
    const slow = gate();
    const handled: number[] = [];
    const actor = spawn(begin(), async (_state: unknown, message: number) => {
      if (message === 0) await slow.promise;
      handled.push(message);
    }, 'a');
    const all = Array.from({ length: 20_000 }, (_, index) => index);
    for (const message of all) dispatch(actor, message);
    await rounds();
    expect(handled).toEqual([]);
    slow.resolve();
    while (handled.length < all.length) await rounds(100);
    expect(handled).toEqual(all);
  });
});

describe('3.3 trap 2: children', () => {
  test('every message is given a new copy of the map of children', async () => {
    const maps: ReadonlyMap<string, unknown>[] = [];
    const parent = spawn(begin(), (_state: unknown, _message: number, ctx) => void maps.push(ctx.children), 'parent');
    for (let child = 0; child < 100; child += 1) spawn(parent, () => undefined, `child-${child}`);
    dispatch(parent, 1);
    dispatch(parent, 2);
    await rounds();
    expect(maps.map(({ size }) => size)).toEqual([100, 100]);
    expect(maps[0]).not.toBe(maps[1]);
  });
});

describe('3.3 trap 3: references', () => {
  test('a reference to a stopped actor reaches the next actor of the same name', async () => {
    const system = begin();
    const handled: string[] = [];
    const before = spawn(system, () => undefined, 'a');
    stop(before);
    spawn(system, (_state: unknown, message: string) => void handled.push(message), 'a');
    dispatch(before, 'meant for the one before');
    await rounds();
    expect(handled).toEqual(['meant for the one before']);
  });
});

describe('3.3 trap 4: reset of a busy actor', () => {
  test('the next message starts while the old handler runs, and the old handler then overwrites the reset state', async () => {
    const slow = gate();
    const events: string[] = [];
    const parent = spawn(begin(), () => undefined, 'parent');
    const healthy = spawn(
      parent,
      async (state: string, message: string): Promise<string> => {
        events.push(`${message} begins with ${state}`);
        if (message !== 'slow') return 'quick was here';
        await slow.promise;
        events.push('slow ends');
        return 'left by slow';
      },
      'healthy',
      { initialState: 'new' },
    );
    const crashing = spawn(parent, () => Promise.reject(new Error('crash')), 'crashing', { onCrash: (_m, _e, ctx) => ctx.resetAll });
    dispatch(healthy, 'slow');
    dispatch(healthy, 'quick');
    await rounds();
    dispatch(crashing, 'x');
    await rounds();
    slow.resolve();
    await rounds();
    dispatch(healthy, 'last');
    await rounds();
    expect(events).toEqual(['slow begins with new', 'quick begins with new', 'slow ends', 'last begins with left by slow']);
  });
});
