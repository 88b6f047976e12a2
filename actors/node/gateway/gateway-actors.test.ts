import { describe, expect, test } from '@jest/globals';
import type { LocalRequest, SpooledRequest } from '../../../protocol/local.ts';
import { fail, ok } from '../../../protocol/result.ts';
import type { ActorContext } from '../../definition.ts';
import { newId } from '../../testing/frames.ts';
import { supervise } from '../../testing/recorder.ts';
import { settle, type World } from '../../testing/world.ts';
import { RequestServer, type ServePorts } from './serve-request.ts';
import type { SyncMessage } from '../sync/sync.ts';
import { begin, useGatewayStage } from '../testing/gateway-stage.ts';

useGatewayStage();

/** What an actor of this system may use, for what is tested outside of one. */
const contextOf = (system: World['system']): ActorContext<never> => ({
  self: { path: 'test' },
  trace: undefined,
  tell: (ref, message, options) => system.tell(ref, message, options),
  ask: (ref, question, options) => system.ask(ref, question, options),
  pipeToSelf: () => undefined,
  later: () => () => undefined,
});

describe('a request for another actor', () => {
  type Begun = Awaited<ReturnType<typeof begin>>;
  const request = <V extends LocalRequest['verb']>(verb: V, more: Omit<Extract<LocalRequest, { verb: V }>, 'verb' | 'id'>): LocalRequest =>
    // Verb and members belong together by the parameter; the compiler cannot see that through a type it does not know yet.
    ({ verb, id: newId(), ...more }) as unknown as LocalRequest;
  const wait = (more: { remainingMs?: number } = {}) => request('wait', { role: 'scheduler', phase: 'ready', ...more });
  const waitOf = ({ sync }: Begun, index = 0) => {
    const message = sync.received[index];
    if (message?.type !== 'wait') throw new Error('nothing waits');
    return message;
  };
  const convergeOf = ({ converge }: Begun) => {
    const message = converge.received[0];
    if (message?.type !== 'converge') throw new Error('no converge was asked for');
    return message;
  };

  test.each([
    ['set', { action: 'set', durationMs: 60_000, reason: 'debugging' }, { type: 'set', durationMs: 60_000, reason: 'debugging' }],
    ['set for ever', { action: 'set' }, { type: 'set', durationMs: undefined, reason: undefined }],
    ['cancel', { action: 'cancel' }, { type: 'cancel' }],
    ['show', { action: 'show' }, { type: 'show' }],
  ] as const)('keepalive: %s is its to answer', async (_what, more, expected) => {
    const begun = await begin();
    const reply = begun.doors.handle(request('keepalive', more));
    await settle();
    expect(begun.keepalive.received).toMatchObject([expected]);
    const [message] = begun.keepalive.received;
    if (message?.type === 'show') message.reply({ holds: false });
    else if (message?.type === 'set' || message?.type === 'cancel') message.reply(ok({ holds: false }));
    expect(await reply).toMatchObject({ ok: true, result: { holds: false } });
  });

  test.each([
    ['as long as its caller does', 172_800_000, 172_800_000],
    ['a week at most', 8 * 86_400_000, 7 * 86_400_000],
  ])('a wait for other nodes may last %s', async (_what, remainingMs, timeoutMs) => {
    const begun = await begin();
    void begun.doors.handle(wait({ remainingMs }));
    await settle();
    expect(waitOf(begun)).toMatchObject({ wait: { timeoutMs } });
  });

  test('converge hands on its lines, and waits as long as it takes', async () => {
    const begun = await begin();
    const reply = begun.doors.handle(request('converge', { plan: false, rerunScripts: true, noSync: true }));
    await settle();
    const asked = convergeOf(begun);
    expect(asked).toMatchObject({ trigger: 'command-line', rerunScripts: true, noSync: true });
    asked.progress?.('Executing cluster-init script');
    await begun.clock.advance(3_600_000);
    asked.reply(ok({ run: newId(), ran: 2, skipped: 0, durationMs: 1 }));
    expect(await reply).toMatchObject({ ok: true, result: { ran: 2 } });
    expect(begun.progress).toEqual(['Executing cluster-init script']);
  });

  test('converge --plan asks for the plan and runs nothing', async () => {
    const begun = await begin();
    void begun.doors.handle(request('converge', { plan: true, rerunScripts: false }));
    await settle();
    expect(begun.converge.received).toMatchObject([{ type: 'plan' }]);
  });

  test('health is what is known, and with `run` what is known after a round', async () => {
    const begun = await begin();
    const view = { conditions: [], running: false };
    const answer = async () => {
      await settle();
      const message = begun.healthcheck.received.at(-1);
      if (message?.type === 'check') message.reply(ok({ checks: [] }));
      else if (message?.type === 'health') message.reply(view);
    };
    const shown = begun.doors.handle(request('health', { run: false }));
    await answer();
    const ran = begun.doors.handle(request('health', { run: true }));
    await answer();
    await answer();
    for (const reply of [shown, ran]) expect(await reply).toMatchObject({ ok: true, result: view });
    expect(begun.healthcheck.received.map(({ type }) => type)).toEqual(['health', 'check', 'health']);
  });

  test('wait is asked of sync for as long as the caller has, and answered with how the nodes stand', async () => {
    const begun = await begin();
    const reply = begun.doors.handle(wait({ remainingMs: 90_000 }));
    await settle();
    expect(waitOf(begun).wait).toMatchObject({ role: 'scheduler', phase: 'ready', timeoutMs: 90_000 });
    waitOf(begun).reply(fail('wait_unmet', 'not yet'));
    expect(await reply).toMatchObject({ ok: false, code: 'wait_unmet', message: 'not yet' });
  });

  test('shutdown and run-on-shutdown are answered by lifecycle', async () => {
    const begun = await begin();
    void begun.doors.handle(request('shutdown', { action: 'request' }));
    void begun.doors.handle(request('shutdown', { action: 'request', cause: 'idle', way: 'deallocate', reason: 'r' }));
    void begun.doors.handle(request('shutdown', { action: 'cancel' }));
    void begun.doors.handle(request('run-on-shutdown', { action: 'add', path: '/a', arguments: ['b'] }));
    void begun.doors.handle(request('run-on-shutdown', { action: 'list' }));
    void begun.doors.handle(request('run-on-shutdown', { action: 'remove', path: '/a' }));
    const pathless = await begun.doors.handle(request('run-on-shutdown', { action: 'add' }));
    await settle();
    expect(begun.lifecycle.received).toMatchObject([
      { type: 'shutdown', cause: 'requested', way: 'terminate', reason: undefined },
      { type: 'shutdown', cause: 'idle', way: 'deallocate', reason: 'r' },
      { type: 'cancelShutdown' },
      { type: 'endScripts', change: { type: 'add', script: { path: '/a', arguments: ['b'] } } },
      { type: 'endScripts', change: { type: 'list' } },
      { type: 'endScripts', change: { type: 'remove', path: '/a' } },
    ]);
    expect(pathless).toMatchObject({ ok: false, code: 'request_invalid' });
  });

  test('a condition, by socket or spool, is kept by the one who knows the health checks', async () => {
    const begun = await begin();
    const condition: SpooledRequest = { verb: 'condition', id: newId(), at: 0, name: 'gpu', status: 'OK' };
    const replies = [begun.doors.handle(condition), begun.doors.submit(condition)];
    await settle();
    for (const message of begun.healthcheck.received) {
      if (message.type === 'condition') message.reply(fail('request_invalid', 'why'));
    }
    expect(await Promise.all(replies)).toEqual([{ ok: false, id: condition.id, code: 'request_invalid', message: 'why' }, fail('request_invalid', 'why')]);
    expect(begun.messaging.received).toEqual([]);
  });

  test.each([
    [undefined, 'machine'],
    ['renamed', 'renamed'],
  ])('an installation status that names host %s tells %s, and has the host called so and the facts gathered anew once it is accepted', async (hostname, told) => {
    const begun = await begin();
    const reply = begun.doors.submit({ verb: 'installation', id: newId(), at: 0, status: 'warning', ...(hostname === undefined ? {} : { hostname }) });
    await settle();
    expect(begun.messaging.received.map((message) => message.request)).toMatchObject([{ status: 'warning', hostname: told }]);
    expect([begun.config.received, begun.names]).toEqual([[], []]);
    begun.messaging.received[0]?.reply(ok(undefined));
    expect(await reply).toEqual(ok(undefined));
    await settle();
    expect([begun.config.received, begun.names]).toEqual([[{ type: 'gather', once: true }], [told]]);
  });

  test('an installation status that is not accepted changes no name', async () => {
    const begun = await begin();
    const reply = begun.doors.submit({ verb: 'installation', id: newId(), at: 0, status: 'warning', hostname: 'renamed' });
    await settle();
    begun.messaging.received[0]?.reply(fail('outbox_full', 'full'));
    expect(await reply).toEqual(fail('outbox_full', 'full'));
    await settle();
    expect([begun.config.received, begun.names]).toEqual([[], []]);
  });

  test('wait is given up when its caller has gone', async () => {
    const begun = await begin();
    void begun.doors.handle(wait());
    await settle();
    begun.gone.abort();
    await settle();
    expect(begun.sync.received.at(-1)).toEqual({ type: 'unwait', id: waitOf(begun).wait.id });
  });

  test('wait is asked anew of a successor when sync crashed, for the time that remains', async () => {
    const begun = await begin();
    const other = await begin();
    let crashes = 1;
    const sync = other.system.ref<SyncMessage>('crashing');
    const watching = supervise('resume');
    const received: SyncMessage[] = [];
    other.system.spawn(
      'crashing',
      {
        name: 'crashing',
        start: () => null,
        receive: (state, message: SyncMessage) => {
          received.push(message);
          if (crashes-- > 0) return other.clock.advance(20_000).then(() => Promise.reject(new Error('a crash')));
          if (message.type === 'wait') message.reply(ok({ nodes: [] }));
          return state;
        },
      },
      watching,
    );
    const server = new RequestServer({ ...({} as ServePorts), sync, clock: other.clock }, contextOf(other.system), new AbortController().signal);
    expect(await server.serve(wait({ remainingMs: 60_000 }), { progress: () => undefined, gone: begun.gone.signal })).toMatchObject({ ok: true });
    expect(received.map((message) => message.type === 'wait' && message.wait.timeoutMs)).toEqual([60_000, 40_000]);
  });

  test('what takes long is answered at once when the daemon stops, and holds up nothing', async () => {
    const begun = await begin();
    const replies = [begun.doors.handle(wait()), begun.doors.handle(request('converge', { plan: false, rerunScripts: false }))];
    await settle();
    void begun.incarnation.drain();
    await settle();
    for (const reply of replies) expect(await reply).toMatchObject({ ok: false, code: 'actor_stopped', message: 'jetpackd is stopping' });
  });

  test('status puts together what all know, and names who is silent', async () => {
    const begun = await begin();
    const reply = begun.doors.handle(request('status', {}));
    await settle();
    const [about] = begun.keepalive.received;
    if (about?.type === 'show') about.reply({ holds: true, reason: 'debugging' });
    const [asked] = begun.sync.received;
    if (asked?.type === 'sync?') asked.reply({ link: 'registered', phase: 'ready', detail: undefined });
    const [end] = begun.lifecycle.received;
    if (end?.type === 'lifecycle?') end.reply({ shutdown: { cause: 'idle', way: 'terminate' }, endScripts: 2 });
    await begun.clock.advance(2_000);
    expect(await reply).toMatchObject({
      ok: true,
      result: { lifecycle: { shutdown: { cause: 'idle' }, endScripts: 2 }, cluster: 'lab', broker: 'connected', product: 'fake', outbox: { rows: 2 }, sync: { phase: 'ready' }, keepalive: { reason: 'debugging' }, silent: ['config', 'healthcheck', 'converge'] },
    });
  });
});
