// What nact 7.6.2 does, found by running it bare. Each test is a fact that actors/runtime.ts was built around; one that
// fails after an upgrade names the part of the runtime to look at again. Facts that end a process are seen in one of their own.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { AsyncLocalStorage } from 'node:async_hooks';
import { dispatch, query, spawn, spawnStateless, start, stop, type ActorSystemRef } from 'nact';

/** nact's type of a reference, which holds nothing of the messages' type. */
type Ref = ActorSystemRef;

const systems: Ref[] = [];

const begin = (): Ref => {
  const system = start();
  systems.push(system);
  return system;
};

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  for (const system of systems.splice(0)) stop(system);
});

const realImmediate = setImmediate;

/** Lets the event loop go round; nact handles one message of an actor in each round. */
const rounds = async (count = 20): Promise<void> => {
  for (let round = 0; round < count; round += 1) await new Promise((resolve) => realImmediate(resolve));
};

const gate = <T = void>(): PromiseWithResolvers<T> => Promise.withResolvers<T>();

/** Runs a script with nact in a process of its own, to its end. */
const run = (script: string): Promise<{ readonly code: number; readonly stderr: string; readonly stdout: string }> =>
  new Promise((resolve) => {
    const prelude = "import nact from 'nact'; const { dispatch, spawn, start, stop } = nact; const system = start();";
    const child = execFile(process.execPath, ['--input-type=module', '-e', `${prelude}\n${script}`], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stderr, stdout }),
    );
  });

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

describe('3.3 trap 8: stop', () => {
  test('it cancels a message that was already scheduled', async () => {
    const handled = jest.fn();
    const actor = spawn(begin(), handled, 'a');
    dispatch(actor, 'lost');
    stop(actor);
    await rounds();
    expect(handled).not.toHaveBeenCalled();
  });

  test('it frees the name at once, calls afterStop on a later tick, and waits for neither the handler nor afterStop', async () => {
    const system = begin();
    const slow = gate();
    const events: string[] = [];
    const actor = spawn(
      system,
      async () => {
        await slow.promise;
        events.push('handler ends');
      },
      'a',
      {
        afterStop: async () => {
          events.push('afterStop begins');
          await slow.promise;
          events.push('afterStop ends');
        },
      },
    );
    dispatch(actor, 'x');
    await rounds(2);
    stop(actor);
    spawn(system, () => undefined, 'a');
    events.push('stopped and spawned again');
    await rounds();
    slow.resolve();
    await rounds();
    expect(events).toEqual(['stopped and spawned again', 'afterStop begins', 'handler ends', 'afterStop ends']);
  });

  test('afterStop is called twice when the handler under way fails after the stop', async () => {
    jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const slow = gate();
    const afterStop = jest.fn<() => void>();
    const actor = spawn(begin(), () => slow.promise, 'a', { afterStop });
    dispatch(actor, 'x');
    await rounds(2);
    stop(actor);
    slow.reject(new Error('crash'));
    await rounds();
    expect(afterStop).toHaveBeenCalledTimes(2);
  });

  test('the mailbox that afterStop is shown lacks the message that was scheduled', async () => {
    const mailboxes: unknown[] = [];
    const actor = spawn(begin(), () => undefined, 'a', { afterStop: (_state, ctx) => void mailboxes.push(ctx.mailbox) });
    for (const message of [1, 2]) dispatch(actor, message);
    stop(actor);
    await rounds();
    expect(mailboxes).toEqual([[expect.objectContaining({ message: 2 })]]);
  });

  test('the children of a stopped parent, and the actors of a stopped system, are not stopped: they go on with what they have', async () => {
    const system = begin();
    const events: unknown[] = [];
    const parent = spawn(system, () => undefined, 'parent', { afterStop: () => void events.push('parent stopped') });
    const handler = (_state: unknown, message: unknown): void => void events.push(message);
    const child = spawn(parent, handler, 'child', { afterStop: () => void events.push('child stopped') });
    const top = spawn(system, handler, 'top', { afterStop: () => void events.push('top stopped') });
    dispatch(child, 'to the child');
    dispatch(top, 'to the top');
    stop(parent);
    stop(system);
    await rounds();
    expect(events).toEqual(['to the child', 'to the top', 'parent stopped']);
  });

  test('an afterStop that throws ends the process', async () => {
    const { code, stderr } = await run(`stop(spawn(system, () => {}, 'a', { afterStop: () => { throw new Error('thrown by afterStop'); } }));`);
    expect(code).toBe(1);
    expect(stderr).toContain('thrown by afterStop');
  });
});

describe('3.3 trap 9: random names', () => {
  test('a name not given has 32 random bits, and the same one drawn twice is an error', () => {
    const system = begin();
    jest.spyOn(Math, 'random').mockReturnValue(0.123);
    // The sign is kept, so a name may hold a minus.
    expect(spawn(system, () => undefined)).toHaveProperty('name', expect.stringMatching(/^anonymous--?\d{1,10}$/));
    expect(() => spawn(system, () => undefined)).toThrow('already exists');
  });

  test('two queries that draw the same 32-bit id share one answer', async () => {
    const replies: Ref[] = [];
    const actor = spawn(begin(), (_state: unknown, reply: Ref) => void replies.push(reply), 'a');
    jest.spyOn(Math, 'random').mockReturnValue(0.123);
    const first = query(actor, (reply: Ref) => reply, 30);
    const second = query(actor, (reply: Ref) => reply, 1_000);
    await rounds(4);
    dispatch(replies[0]!, 'for the first');
    await expect(second).resolves.toBe('for the first');
    await expect(first).rejects.toThrow('Query Timeout');
  });
});

describe('3.3 trap 10: asynchronous context', () => {
  test("a message to an idle actor runs in its sender's context, one to a busy actor in that of the message before", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const actor = spawn(begin(), (_state: unknown, message: string) => void seen.push([message, storage.getStore()]), 'a');
    storage.run('A', () => dispatch(actor, 'sent in A'));
    storage.run('B', () => dispatch(actor, 'sent in B'));
    dispatch(actor, 'sent in none');
    await rounds();
    expect(seen).toEqual([
      ['sent in A', 'A'],
      ['sent in B', 'A'],
      ['sent in none', 'A'],
    ]);
  });
});

describe('3.3 trap 11: fake timers', () => {
  const handledUnder = async (fake: () => void): Promise<number> => {
    const handled = jest.fn();
    const actor = spawn(begin(), handled, 'a');
    fake();
    dispatch(actor, 'x');
    await rounds();
    return handled.mock.calls.length;
  };

  test('fake timers of jest freeze every actor', async () => {
    expect(await handledUnder(() => void jest.useFakeTimers())).toBe(0);
  });

  test('left the real setImmediate, nextTick and queueMicrotask, actors go on', async () => {
    const doNotFake = ['setImmediate', 'nextTick', 'queueMicrotask'] as const;
    expect(await handledUnder(() => void jest.useFakeTimers({ doNotFake: [...doNotFake] }))).toBe(1);
  });
});

describe('3.3 trap 12: reset', () => {
  test('it keeps the mailbox, drops the message at fault, stops the children, and never calls its own afterStop', async () => {
    const events: unknown[] = [];
    const actor = spawn(
      begin(),
      (state: string, message: string) => {
        if (message === 'bad') throw new Error('crash');
        events.push([message, state]);
        return 'changed';
      },
      'a',
      {
        initialState: 'initial',
        onCrash: (_message, _error, ctx) => ctx.reset,
        afterStop: () => void events.push('afterStop of the actor'),
      },
    );
    spawn(actor, () => undefined, 'child', { afterStop: () => void events.push('afterStop of the child') });
    for (const message of ['good', 'bad', 'kept']) dispatch(actor, message);
    await rounds();
    expect(events).toEqual([['good', 'initial'], 'afterStop of the child', ['kept', 'initial']]);
  });
});
