import { afterEach, describe, expect, test } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { activeSpanContext, fromSpanContext } from '../telemetry/span-context.ts';
import { recordSpans } from '../telemetry/testing/recorded-spans.ts';
import type { TraceContext } from '../protocol/trace.ts';
import type { ActorContext } from './definition.ts';
import type { ActorRef } from './ref.ts';
import { recorder, supervise, type Step } from './testing/recorder.ts';
import { createWorld, settle, type World } from './testing/world.ts';

// A context manager, as a program has that exports traces.
recordSpans();

const worlds: World[] = [];

afterEach(() => {
  for (const { system } of worlds.splice(0)) system.stop();
});

const begin = () => {
  const world = createWorld();
  worlds.push(world);
  const { clock, system } = world;
  const { definition, notes } = recorder();
  const ref: ActorRef<Step> = system.ref('a');
  system.spawn('a', definition, supervise('resume'));
  return { clock, notes, ref, system };
};

const traceOf = (digit: string): TraceContext => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });
const [one, two] = [traceOf('1'), traceOf('2')];

/** The trace that logs and spans made now would belong to. */
const active = (): TraceContext | undefined => {
  const spanContext = activeSpanContext();
  return spanContext && fromSpanContext(spanContext);
};

const look = (context: ActorContext<Step>): unknown => ({ given: context.trace, active: active() });
const both = (trace: TraceContext | undefined): unknown => ({ given: trace, active: trace });

describe('the trace of a message', () => {
  test('is active in its handler, and its state goes along', async () => {
    const { notes, ref, system } = begin();
    const withState = { ...one, tracestate: 'vendor=1' };
    system.tell(ref, look, { trace: withState });
    await settle();
    expect(notes).toEqual([both(withState)]);
  });

  test('is not inherited by a message that waited behind it', async () => {
    const { notes, ref, system } = begin();
    system.tell(ref, look, { trace: one });
    system.tell(ref, look);
    system.tell(ref, look, { trace: two });
    system.tell(ref, look);
    await settle();
    expect(notes).toEqual([both(one), both(undefined), both(two), both(undefined)]);
  });

  test('is active in a handler that waits, to its end, and not in the message after it', async () => {
    const { notes, ref, system } = begin();
    const gate = Promise.withResolvers<void>();
    system.tell(ref, (context) => gate.promise.then(() => look(context)), { trace: one });
    system.tell(ref, look);
    await settle();
    gate.resolve();
    await settle();
    expect(notes).toEqual([both(one), both(undefined)]);
  });

  test('is not taken from the asynchronous context of the sender, be the actor idle or busy', async () => {
    const { notes, ref, system } = begin();
    const storage = new AsyncLocalStorage<string>();
    const see: Step = () => storage.getStore();
    await settle();
    storage.run('sender of the first', () => system.tell(ref, see));
    storage.run('sender of the second', () => system.tell(ref, see));
    await settle();
    storage.run('sender of the third', () => system.tell(ref, see));
    await settle();
    expect(notes).toEqual([undefined, undefined, undefined]);
  });

  test('does not outlive a handler that crashed or hung', async () => {
    const { clock, notes, ref, system } = begin();
    system.tell(ref, () => Promise.reject(new Error('crash')), { trace: one });
    system.tell(ref, look);
    system.tell(ref, () => Promise.withResolvers<void>().promise, { trace: two });
    system.tell(ref, look);
    await settle();
    await clock.advance(30_000);
    await settle();
    expect(notes).toEqual([both(undefined), both(undefined)]);
  });

  test('goes on with what the handler tells, asks, pipes to itself and sets for later', async () => {
    const { clock, notes, ref, system } = begin();
    const { definition, notes: others } = recorder();
    const other: ActorRef<Step> = system.ref('other');
    system.spawn('other', definition, supervise('resume'));
    const gate = Promise.withResolvers<void>();
    system.tell(
      ref,
      (context) => {
        context.tell(other, look);
        void context.ask(other, () => look, { timeoutMs: 1 });
        context.pipeToSelf(gate.promise, () => look, () => look);
        context.later(10, look);
      },
      { trace: one },
    );
    await settle();
    system.tell(ref, look, { trace: two });
    await settle();
    gate.resolve();
    await clock.advance(10);
    await settle();
    expect(others).toEqual([both(one), both(one)]);
    expect(notes).toEqual([undefined, both(two), both(one), both(one)]);
  });

  test('can be left behind or replaced by name', async () => {
    const { notes, ref, system } = begin();
    system.tell(
      ref,
      (context) => {
        context.tell(context.self, look, { trace: undefined });
        context.tell(context.self, look, { trace: two });
      },
      { trace: one },
    );
    await settle();
    expect(notes).toEqual([undefined, both(undefined), both(two)]);
  });

  test('stays that of its message in a callback that runs while another is handled', async () => {
    const { notes, ref, system } = begin();
    const gate = Promise.withResolvers<void>();
    system.tell(ref, (context) => void gate.promise.then(() => context.tell(context.self, look)), { trace: one });
    await settle();
    system.tell(ref, () => gate.resolve(), { trace: two });
    await settle();
    expect(notes).toEqual([undefined, undefined, both(one)]);
  });
});
