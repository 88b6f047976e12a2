import { afterEach, describe, expect, test } from '@jest/globals';
import type { ActorDefinition } from './definition.ts';
import type { ActorRef, Reply } from './ref.ts';
import type { Incarnation } from './system.ts';
import { supervise } from './testing/recorder.ts';
import { createWorld, settle, type World } from './testing/world.ts';

interface Question {
  /** What becomes of the question. */
  readonly fate: 'answer' | 'answer twice' | 'keep' | 'crash' | 'hang' | 'crash later';
  readonly reply: Reply<string>;
}

const worlds: World[] = [];

afterEach(() => {
  for (const { system } of worlds.splice(0)) system.stop();
});

/** An actor that treats questions as they say, and keeps the replies it owes. */
const oracle = (more: Partial<ActorDefinition<Reply<string>[], Question>> = {}): ActorDefinition<Reply<string>[], Question> => ({
  name: 'oracle',
  handlerDeadlineMs: 100,
  start: () => [],
  receive: (kept, question) => {
    switch (question.fate) {
      case 'answer':
        question.reply('answer');
        return kept;
      case 'answer twice':
        question.reply('first');
        question.reply('second');
        return kept;
      case 'keep':
        return [...kept, question.reply];
      case 'crash':
        throw new Error('crash');
      case 'hang':
        return Promise.withResolvers<Reply<string>[]>().promise;
      case 'crash later':
        return Promise.reject(new Error('crash'));
    }
  },
  ...more,
});

const begin = (answer: 'resume' | 'end' = 'resume', more: Parameters<typeof oracle>[0] = {}) => {
  const world = createWorld();
  worlds.push(world);
  const { clock, system } = world;
  const ref: ActorRef<Question> = system.ref('oracle');
  const spawn = (): Incarnation => system.spawn('oracle', oracle(more), supervise(answer));
  const ask = (fate: Question['fate'], timeoutMs = 1_000) =>
    system.ask(ref, (reply: Reply<string>) => ({ fate, reply }) as const, { timeoutMs });
  return { ask, clock, ref, spawn, system };
};

const refused = (code: string) => ({ ok: false, error: { code, message: expect.stringContaining('oracle') } });

describe('an ask', () => {
  test('ends with the first answer; a second does nothing, and no timer is left', async () => {
    const { ask, clock, spawn } = begin();
    spawn();
    expect(await ask('answer twice')).toEqual({ ok: true, value: 'first' });
    expect(clock.armed).toBe(0);
  });

  test('ends with timeout when no answer comes in time; a late one does nothing', async () => {
    const { ask, clock, ref, spawn, system } = begin();
    let answerLate: Reply<string> = () => undefined;
    spawn();
    const late = system.ask(ref, (reply: Reply<string>) => ({ fate: 'keep', reply: (answerLate = reply) }) as const, { timeoutMs: 30 });
    const other = ask('keep', 31);
    await settle();
    await clock.advance(30);
    expect(await late).toEqual(refused('timeout'));
    answerLate('too late');
    await clock.advance(1);
    expect(await other).toEqual(refused('timeout'));
  });

  test('ends with timeout when its actor never comes to be', async () => {
    const { ask, clock } = begin();
    const asked = ask('answer', 10);
    await clock.advance(10);
    expect(await asked).toEqual(refused('timeout'));
  });

  test('ends at once with busy when the mailbox is full', async () => {
    const { ask, clock, spawn, system } = begin('resume', { capacity: 1 });
    spawn();
    void ask('answer');
    expect(await ask('answer')).toEqual(refused('busy'));
    expect(system.deadLetters).toBe(0);
    await settle();
    expect(clock.armed).toBe(0);
  });

  test('ends with actor_crashed when the handler that took it fails, at once or later', async () => {
    const { ask, spawn } = begin();
    spawn();
    expect(await ask('crash')).toEqual(refused('actor_crashed'));
    expect(await ask('crash later')).toEqual(refused('actor_crashed'));
    expect(await ask('answer')).toEqual({ ok: true, value: 'answer' });
  });

  test('ends with actor_crashed when the handler that took it hangs past its deadline', async () => {
    const { ask, clock, spawn } = begin();
    spawn();
    const asked = ask('hang');
    await settle();
    await clock.advance(100);
    expect(await asked).toEqual(refused('actor_crashed'));
  });

  test('ends with actor_crashed when the incarnation that owes the answer crashes over another message', async () => {
    const { ask, spawn } = begin('end');
    const incarnation = spawn();
    const owed = ask('keep');
    void ask('crash');
    await settle();
    expect(await owed).toEqual(refused('actor_crashed'));
    await incarnation.end();
  });

  test('stays open when the actor resumes, for the state that owes the answer is still there', async () => {
    const { ask, clock, spawn } = begin('resume');
    spawn();
    const owed = ask('keep');
    expect(await ask('crash')).toEqual(refused('actor_crashed'));
    await clock.advance(1_000);
    expect(await owed).toEqual(refused('timeout'));
  });

  test('ends with actor_crashed when the incarnation that owes the answer is replaced', async () => {
    const { ask, spawn } = begin();
    const incarnation = spawn();
    const owed = ask('keep');
    await settle();
    await incarnation.end();
    expect(await owed).toEqual(refused('actor_crashed'));
  });

  test('that waits in the mailbox is answered by the next incarnation', async () => {
    const { ask, spawn } = begin('end');
    const incarnation = spawn();
    const crashed = ask('crash');
    const waiting = ask('answer');
    await settle();
    await incarnation.end();
    spawn();
    expect(await crashed).toEqual(refused('actor_crashed'));
    expect(await waiting).toEqual({ ok: true, value: 'answer' });
  });

  test('ends with actor_stopped when the actor has stopped, or stops before it answers', async () => {
    const { ask, spawn, system } = begin();
    const incarnation = spawn();
    const owed = ask('keep');
    await settle();
    const drained = incarnation.drain();
    const late = ask('answer');
    await drained;
    system.close('oracle');
    expect(await owed).toEqual(refused('actor_stopped'));
    expect(await late).toEqual(refused('actor_stopped'));
    expect(await ask('answer')).toEqual(refused('actor_stopped'));
  });

  test('ends with actor_stopped when it is left in the mailbox of an actor that stops', async () => {
    const { ask, spawn, system } = begin('end');
    const incarnation = spawn();
    void ask('crash');
    const left = ask('answer');
    await settle();
    await incarnation.end();
    system.close('oracle');
    expect(await left).toEqual(refused('actor_stopped'));
  });

  test('ends with actor_stopped when the whole system is stopped', async () => {
    const { ask, spawn, system } = begin();
    spawn();
    const owed = ask('keep');
    await settle();
    const waiting = ask('answer');
    system.stop();
    expect(await waiting).toEqual(refused('actor_stopped'));
    expect(await owed).toEqual(refused('actor_stopped'));
  });
});
