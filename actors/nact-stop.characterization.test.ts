import { describe, expect, jest, test } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { dispatch, query, spawn, stop } from 'nact';
import { begin, gate, type Ref, rounds, run, useNactStage } from './testing/nact-stage.ts';

useNactStage();

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
