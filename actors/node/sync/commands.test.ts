import { afterEach, describe, expect, test } from '@jest/globals';
import type { FrameOf } from '../../../protocol/frames.ts';
import { fail, ok } from '../../../protocol/result.ts';
import { recordSpans } from '../../../telemetry/testing/recorded-spans.ts';
import { frame, newId } from '../../testing/frames.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import { bootMoment } from '../boot-moment.ts';
import type { SetConfiguration } from '../config/messages.ts';
import { MemoryState } from '../testing/memory-state.ts';
import { beginRegisteredSync, beginSync, type SyncStage } from '../testing/sync-stage.ts';

let world: World;
afterEach(() => world.system.stop());

const begin = (state?: MemoryState) => beginSync((world = createWorld()), state);
const beginRegistered = (state?: MemoryState) => beginRegisteredSync((world = createWorld()), state);

/** What config was asked to keep. */
const configuring = ({ config }: SyncStage, index: number): SetConfiguration => {
  const message = config.received[index];
  if (message?.type !== 'configuration') throw new Error(`config was asked ${message?.type ?? 'nothing'}`);
  return message;
};

describe('a command of the server', () => {
  const command = (more: Partial<FrameOf<'command'>['body']> = {}, remainingMs?: number) =>
    ({ ...frame('command', { command: newId(), name: 'check', ...more }), ...(remainingMs === undefined ? {} : { remainingMs }) }) as const;
  const events = ({ reports }: MemoryState) => reports.flatMap(({ event }) => (event.kind === 'command' ? [[event.command, event.state, event.code, event.message]] : []));
  const take = (begun: SyncStage, taken: FrameOf<'command'>) => begun.tell({ type: 'answer', frame: taken });
  const checkOf = (begun: SyncStage, index = 0) => {
    const message = begun.healthcheck.received[index];
    if (message?.type !== 'check') throw new Error('no check was asked for');
    return message.reply;
  };
  const allOk = ok({ checks: [{ name: 'disk', status: 'OK' as const }] });

  test('is accepted durably before it is carried out, and answered with what came of it', async () => {
    const begun = await beginRegistered();
    const taken = command();
    await take(begun, taken);
    const id = taken.body.command;
    expect(events(begun.state)).toEqual([[id, 'accepted', undefined, undefined]]);
    checkOf(begun)(allOk);
    await settle();
    expect(events(begun.state).at(-1)).toEqual([id, 'done', undefined, '1 check: all OK']);
    expect(begun.messaging.received.filter(({ type }) => type === 'pending')).toHaveLength(2);
  });

  test('that comes again is done once: under way it is passed over, answered it gets the same answer', async () => {
    const begun = await beginRegistered();
    const taken = command();
    await take(begun, taken);
    await take(begun, taken);
    expect(begun.healthcheck.received).toHaveLength(1);
    checkOf(begun)(allOk);
    await settle();
    await take(begun, taken);
    expect(begun.healthcheck.received).toHaveLength(1);
    expect(events(begun.state).map(([, state]) => state)).toEqual(['accepted', 'done', 'done']);
  });

  test('that a crash interrupted is taken up again by the next life, and only it', async () => {
    const state = new MemoryState();
    const begun = await beginRegistered(state);
    const [first, second] = [command(), command()];
    await take(begun, first);
    checkOf(begun)(allOk);
    await settle();
    await take(begun, second);
    begun.system.stop();
    const next = await begin(state);
    expect(next.healthcheck.received).toHaveLength(1);
    checkOf(next)(allOk);
    await settle();
    expect(events(state).map(([id, how]) => [id, how])).toEqual([
      [first.body.command, 'accepted'],
      [first.body.command, 'done'],
      [second.body.command, 'accepted'],
      [second.body.command, 'done'],
    ]);
  });

  test('that came after its time is answered so and not carried out', async () => {
    const begun = await beginRegistered();
    await take(begun, command({}, 0));
    expect(begun.healthcheck.received).toEqual([]);
    expect(events(begun.state).map(([, state, code]) => [state, code])).toEqual([['expired', 'command_expired']]);
  });

  test('that cannot be made durable is not carried out, and taken when the server asks again', async () => {
    const begun = await beginRegistered();
    const taken = command();
    begun.state.failWith = { code: 'state_unwritable', message: 'disk full' };
    await take(begun, taken);
    expect(begun.healthcheck.received).toEqual([]);
    expect(begun.log.lines.at(-1)).toBe('warn: a command of the server could not be kept: disk full');
    begun.state.failWith = undefined;
    await take(begun, taken);
    expect(begun.healthcheck.received).toHaveLength(1);
  });

  test('whose answer cannot be made durable is not done again: the answer waits', async () => {
    const begun = await beginRegistered();
    await take(begun, command());
    begun.state.failWith = { code: 'state_unwritable', message: 'disk full' };
    checkOf(begun)(allOk);
    await settle();
    begun.state.failWith = undefined;
    await begun.pass(5_000);
    expect(begun.healthcheck.received).toHaveLength(1);
    expect(events(begun.state).map(([, state]) => state)).toEqual(['accepted', 'done']);
  });

  test('is tried again while whoever carries it out is not there, and failed for good when it fails by itself', async () => {
    const begun = await beginRegistered();
    const taken = command({ name: 'converge', rerunScripts: true });
    await take(begun, taken);
    const asked = (index: number) => {
      const message = begun.converge.received[index];
      if (message?.type !== 'converge') throw new Error('no converge was asked for');
      return message;
    };
    expect(asked(0)).toMatchObject({ trigger: 'server', rerunScripts: true, run: taken.body.command });
    asked(0).reply(fail('actor_stopped', 'gone'));
    await settle();
    await begun.pass(5_000);
    asked(1).reply(fail('script_failed', 'it broke'));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['failed', 'script_failed', 'it broke']);
  });

  test('that the node is about to be ended is carried out under its own id, and names the scripts that did not end well', async () => {
    const begun = await beginRegistered();
    const taken = command({ name: 'end' });
    await take(begun, taken);
    const [asked] = begun.lifecycle.received;
    if (asked?.type !== 'end') throw new Error('no end was asked for');
    expect(asked).toMatchObject({ request: taken.body.command, accepted: bootMoment(begun.bootClock) });
    asked.reply(fail('script_failed', '/a.sh exited with code 3'));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['failed', 'script_failed', '/a.sh exited with code 3']);
  });

  test('that the node is about to be ended, and that a new boot interrupted, is told with the boot it was accepted in, and not tried again when it is refused for that', async () => {
    const state = new MemoryState();
    const begun = await beginRegistered(state);
    await begun.pass(1_000);
    await take(begun, command({ name: 'end' }));
    const accepted = bootMoment(begun.bootClock);
    begun.system.stop();
    const next = await begin(state);
    const [asked] = next.lifecycle.received;
    if (asked?.type !== 'end') throw new Error('no end was asked for');
    expect(asked.accepted).toEqual(accepted);
    asked.reply(fail('command_expired', 'the machine has begun anew since: nothing was run'));
    await settle();
    await next.pass(60_000);
    expect(events(state).at(-1)?.slice(1)).toEqual(['failed', 'command_expired', 'the machine has begun anew since: nothing was run']);
    expect(next.lifecycle.received).toHaveLength(1);
  });

  test('that sets something brings the whole configuration, and is done when that is kept', async () => {
    const begun = await beginRegistered();
    await take(begun, command({ name: 'set', key: 'a.b', configuration: { revision: 4, tree: { a: { b: 1 } } } }));
    expect(begun.config.received).toMatchObject([{ type: 'configuration', configuration: { revision: 4, tree: { a: { b: 1 } } } }]);
    configuring(begun, 0).reply(ok({ a: { b: 1 }, hostname: 'n1' }));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['done', undefined, 'a.b is set']);
    await take(begun, command({ name: 'set', key: 'a.b' }));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1, 3)).toEqual(['failed', 'request_invalid']);
  });

  test('that sets what the node itself knows better is done, and says that it does not show', async () => {
    const begun = await beginRegistered();
    await take(begun, command({ name: 'set', key: 'hostname', configuration: { revision: 4, tree: { hostname: 'other' } } }));
    configuring(begun, 0).reply(ok({ hostname: 'n1' }));
    await settle();
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['done', undefined, 'hostname is set, and not shown: what the node itself knows stands over it']);
  });

  test('that sets something waits for room on the disk, and is not called failed meanwhile', async () => {
    const begun = await beginRegistered();
    await take(begun, command({ name: 'set', key: 'a', configuration: { revision: 4, tree: { a: 1 } } }));
    configuring(begun, 0).reply(fail('home_unusable', 'disk full'));
    await settle();
    await begun.pass(5_000);
    configuring(begun, 1).reply(ok({ a: 1 }));
    await settle();
    expect(events(begun.state).map(([, state]) => state)).toEqual(['accepted', 'done']);
  });

  test.each(['home_unusable', 'state_unwritable'] as const)('that has the node converge has failed with %s: it is not tried again and again', async (code) => {
    const begun = await beginRegistered();
    await take(begun, command({ name: 'converge' }));
    const [asked] = begun.converge.received;
    if (asked?.type !== 'converge') throw new Error('no converge was asked for');
    asked.reply(fail(code, 'disk full'));
    await settle();
    await begun.pass(60_000);
    expect(events(begun.state).at(-1)?.slice(1)).toEqual(['failed', code, 'disk full']);
    expect(begun.converge.received).toHaveLength(1);
  });

  test('that the node is about to be ended waits for room for the record of what ran, without which nothing may run', async () => {
    const begun = await beginRegistered();
    await take(begun, command({ name: 'end' }));
    for (const result of [fail('state_unwritable', 'disk full'), ok({ ran: 2 })]) {
      const asked = begun.lifecycle.received.at(-1);
      if (asked?.type !== 'end') throw new Error('no end was asked for');
      asked.reply(result);
      await settle();
      await begun.pass(5_000);
    }
    expect(events(begun.state).map(([, state]) => state)).toEqual(['accepted', 'done']);
  });

  describe('in a trace', () => {
    const spans = recordSpans();
    afterEach(() => spans.reset());
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const publication = { traceparent: `00-${'a'.repeat(32)}-${'c'.repeat(16)}-01` };
    const arrival = {
      delivery: { exchange: 'commands', routingKey: 'node.lab.n1', queue: 'node.lab.n1', template: 'node.{cluster}.{node}', redelivered: false, size: 9 },
      publication,
    };
    const arrive = (begun: SyncStage, taken: FrameOf<'command'>) => begun.tell({ type: 'answer', frame: { ...taken, trace }, arrival });
    const processed = () => spans.named('process node.{cluster}.{node}');
    const contextOf = (index: number) => ({ traceparent: `00-${'a'.repeat(32)}-${processed()[index]?.spanContext().spanId}-01` });

    test('is handled as a child of its publish, and what it leads to goes on from there', async () => {
      const begun = await beginRegistered();
      const taken = command();
      await arrive(begun, taken);
      checkOf(begun)(allOk);
      await settle();
      expect(processed()).toMatchObject([{ parentSpanContext: { spanId: 'c'.repeat(16) }, links: [{ context: { spanId: 'c'.repeat(16) } }] }]);
      expect(processed()[0]?.attributes).toMatchObject({
        'messaging.message.id': taken.id,
        'messaging.message.conversation_id': taken.body.command,
        'jetpack.event.kind': 'command',
        'jetpack.duplicate': false,
      });
      expect(begun.state.reports.slice(-2).map((report) => report.trace)).toEqual([contextOf(0), contextOf(0)]);
    });

    test('says when it comes again, under way or answered, and answers in the trace of the asking', async () => {
      const begun = await beginRegistered();
      const taken = command();
      await arrive(begun, taken);
      await arrive(begun, taken);
      checkOf(begun)(allOk);
      await settle();
      await arrive(begun, taken);
      expect(processed().map(({ attributes }) => attributes['jetpack.duplicate'])).toEqual([false, true, true]);
      expect(begun.state.reports.slice(-2).map((report) => report.trace)).toEqual([contextOf(0), contextOf(2)]);
    });

    test('that could not be kept says why', async () => {
      const begun = await beginRegistered();
      begun.state.failWith = fail('state_unwritable', 'disk full').error;
      await arrive(begun, command());
      expect(processed().map(({ attributes }) => attributes['error.type'])).toEqual(['state_unwritable']);
    });

    test('is in it still when a crash interrupted it', async () => {
      const state = new MemoryState();
      const begun = await beginRegistered(state);
      await arrive(begun, command());
      begun.system.stop();
      const next = await begin(state);
      checkOf(next)(allOk);
      await settle();
      expect(state.reports.at(-1)).toMatchObject({ event: { state: 'done' }, trace: contextOf(0) });
    });
  });

  test('is forgotten when two hundred newer ones have been answered, and none before', async () => {
    const begun = await beginRegistered();
    for (let count = 0; count < 205; count += 1) {
      await take(begun, command());
      checkOf(begun, count)(allOk);
      await settle(4);
      await begun.pass(1);
    }
    expect(begun.state.keys('command/')).toHaveLength(200);
  });
});
