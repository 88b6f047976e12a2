import { afterEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../effects/logger.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { LocalReply, LocalRequest, SpooledRequest } from '../../../protocol/local.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { recordSpans } from '../../../telemetry/testing/recorded-spans.ts';
import type { ActorContext } from '../../definition.ts';
import { newId } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { ConfigMessage } from '../config/messages.ts';
import type { ConvergeMessage } from '../converge/messages.ts';
import { gateway, type LocalSockets } from './gateway.ts';
import type { HealthcheckMessage } from '../health/healthcheck.ts';
import type { KeepaliveMessage } from '../keepalive/keepalive.ts';
import type { LifecycleMessage } from '../lifecycle/lifecycle.ts';
import type { AcceptRequest } from '../messaging/messaging.ts';
import { RequestServer, type Asker, type ServePorts } from './serve-request.ts';
import type { SyncMessage } from '../sync/sync.ts';

const spans = recordSpans();
let world: World;
afterEach(() => {
  world.system.stop();
  spans.reset();
});

const begin = async (opening?: Promise<Result<LocalSockets>>, onAccept: () => void = () => undefined, spoolClosed = Promise.resolve()) => {
  world = createWorld();
  const { clock, system } = world;
  /** What was done to sockets and spool, in order. */
  const deeds: string[] = [];
  const did = (what: string) => async (): Promise<void> => void deeds.push(what);
  const messaging = probe<AcceptRequest>(system, 'messaging', onAccept);
  const keepalive = probe<KeepaliveMessage>(system, 'keepalive');
  const healthcheck = probe<HealthcheckMessage>(system, 'healthcheck');
  const converge = probe<ConvergeMessage>(system, 'converge');
  const sync = probe<SyncMessage>(system, 'sync');
  const config = probe<ConfigMessage>(system, 'config');
  const lifecycle = probe<LifecycleMessage>(system, 'lifecycle');
  const gone = new AbortController();
  const progress: string[] = [];
  const asker: Asker = { progress: (line) => void progress.push(line), gone: gone.signal };
  const doors: { handle: (request: LocalRequest) => Promise<LocalReply>; submit: (request: SpooledRequest) => Promise<Result<void>> } = {
    handle: () => Promise.reject(new Error('not open')),
    submit: () => Promise.reject(new Error('not open')),
  };
  /** What the host came to be called. */
  const names: string[] = [];
  const host = { nameNow: (told: string | undefined) => told ?? 'machine', changed: (name: string) => void names.push(name) };
  const definition = gateway({
    openSockets: (handle) => {
      doors.handle = (request) => handle(request, asker);
      return opening ?? Promise.resolve(ok({ drain: did('sockets drained'), close: did('sockets closed') }));
    },
    openHttp: () => Promise.reject(new Error('nobody asked for it')),
    logger: silentLogger,
    drainSpool: (submit) => {
      doors.submit = submit;
      return { close: () => spoolClosed.then(did('spool closed')) };
    },
    messaging: messaging.ref,
    keepalive: keepalive.ref,
    converge: converge.ref,
    healthcheck: healthcheck.ref,
    config: config.ref,
    lifecycle: lifecycle.ref,
    host,
    sync: sync.ref,
    status: {
      sync: sync.ref,
      config: config.ref,
      healthcheck: healthcheck.ref,
      keepalive: keepalive.ref,
      converge: converge.ref,
      lifecycle: lifecycle.ref,
      broker: () => 'connected',
      product: () => 'fake',
      outbox: () => ({ rows: 2, bytes: 30 }),
      identity: { cluster: 'lab', node: 'n1', version: '1.0.0' },
    },
    inspect: () => system.inspect(),
    clock,
    onOpen: () => void deeds.push('open'),
  });
  const watching = supervise('end');
  const incarnation = system.spawn('gateway', definition, watching);
  await settle();
  // It follows the configuration for a port of its own (http-port.test.ts).
  config.received.splice(0);
  return { clock, config, converge, deeds, doors, gone, healthcheck, incarnation, keepalive, lifecycle, messaging, names, progress, sync, system, watching };
};

/** What an actor of this system may use, for what is tested outside of one. */
const contextOf = (system: World['system']): ActorContext<never> => ({
  self: { path: 'test' },
  trace: undefined,
  tell: (ref, message, options) => system.tell(ref, message, options),
  ask: (ref, question, options) => system.ask(ref, question, options),
  pipeToSelf: () => undefined,
  later: () => () => undefined,
});

const log = (more: Partial<LocalRequest> = {}): SpooledRequest =>
  ({ verb: 'log', id: newId(), at: 0, level: 'info', priority: 'low', message: 'm', ...more }) as SpooledRequest;
const send = (): SpooledRequest => ({ verb: 'send', id: newId(), at: 0, routingKey: 'k', contentType: 't', bodyBase64: '' });

describe('a request by the socket', () => {
  test.each([log, send])('is answered under its id when messaging has accepted it', async (make) => {
    const { doors, messaging } = await begin();
    const request = make();
    const reply = doors.handle(request);
    await settle();
    expect(messaging.received.map((message) => message.request)).toEqual([request]);
    messaging.received[0]?.reply(ok(undefined));
    expect(await reply).toEqual({ ok: true, id: request.id });
  });

  test.each<ErrorCode>(['outbox_full', 'outbox_unwritable', 'message_too_large'])('is answered with the code %s, and its span fails with it', async (code) => {
    const { doors, messaging } = await begin();
    const request = log();
    const reply = doors.handle(request);
    await settle();
    messaging.received[0]?.reply(fail(code, 'why'));
    expect(await reply).toEqual({ ok: false, id: request.id, code, message: 'why' });
    expect(spans.named('jetpackd/log').map(({ attributes }) => attributes['error.type'])).toEqual([code]);
  });

  test.each([
    ['names no time', {}, 5_000],
    ['names less', { remainingMs: 800 }, 800],
    ['names more than anyone gets', { remainingMs: 86_400_000 }, 30_000],
  ])('of a caller that %s is answered `timeout` after %j, %d ms', async (_what, more, ms) => {
    const { clock, doors } = await begin();
    let answered: LocalReply | undefined;
    void doors.handle(log(more)).then((reply) => (answered = reply));
    await settle();
    await clock.advance(ms - 1);
    await settle();
    expect(answered).toBeUndefined();
    await clock.advance(1);
    await settle();
    expect(answered).toMatchObject({ ok: false, code: 'timeout' });
  });

  test('is answered with a code when messaging crashes over it', async () => {
    const { doors } = await begin(undefined, () => {
      throw new Error('a defect');
    });
    expect(await doors.handle(log())).toMatchObject({ ok: false, code: 'actor_crashed' });
  });

  test('carries its trace on: the span of the request is the parent of what follows', async () => {
    const { doors, messaging } = await begin();
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    void doors.handle(log({ trace }));
    await settle();
    messaging.received[0]?.reply(ok(undefined));
    await settle();
    const [span] = spans.named('jetpackd/log');
    expect([span?.spanContext().traceId, span?.parentSpanContext?.spanId]).toEqual(['a'.repeat(32), 'b'.repeat(16)]);
  });

  test('for the actors is answered with all of them, without asking any', async () => {
    const { doors, messaging } = await begin();
    const id = newId();
    expect(await doors.handle({ verb: 'inspect', id })).toEqual({
      ok: true,
      id,
      result: { actors: ['messaging', 'keepalive', 'healthcheck', 'converge', 'sync', 'config', 'lifecycle', 'gateway'].map((path) => ({ path, state: 'running', mailbox: 0, restarts: 0 })) },
    });
    expect(messaging.received).toEqual([]);
  });
});

describe('the spool', () => {
  test('is taken from the start on, also while the sockets are not open, and its requests are accepted like any other', async () => {
    const { deeds, doors, messaging } = await begin(new Promise(() => undefined));
    const request = log();
    const submitted = doors.submit(request);
    await settle();
    expect([deeds, messaging.received.map((message) => message.request)]).toEqual([[], [request]]);
    messaging.received[0]?.reply(ok(undefined));
    expect(await submitted).toEqual(ok(undefined));
  });

  test('hears of a failure with its code, so that it knows whether to try again', async () => {
    const { clock, doors, messaging } = await begin();
    const refused = doors.submit(send());
    const unheard = doors.submit(send());
    await settle();
    messaging.received[0]?.reply(fail('routing_key_invalid', 'why'));
    await clock.advance(30_000);
    expect([await refused, await unheard]).toMatchObject([fail('routing_key_invalid', 'why'), { ok: false, error: { code: 'timeout' } }]);
  });

  test('and the socket bring one id to messaging unchanged, where they are one message', async () => {
    const { doors, messaging } = await begin();
    const request = log();
    void doors.handle(request);
    void doors.submit(request);
    await settle();
    expect(messaging.received.map(({ request: { id } }) => id)).toEqual([request.id, request.id]);
  });
});

describe('the sockets', () => {
  test('are told to be open once they are', async () => {
    const opening = Promise.withResolvers<Result<LocalSockets>>();
    const { deeds } = await begin(opening.promise);
    expect(deeds).toEqual([]);
    opening.resolve(ok({ drain: () => Promise.resolve(), close: () => Promise.resolve() }));
    await settle();
    expect(deeds).toEqual(['open']);
  });

  test('that cannot be had are a crash with their code, and the spool is closed', async () => {
    const { deeds, incarnation, watching } = await begin(Promise.resolve(fail('already_running', 'another daemon')));
    expect(watching.crashes).toMatchObject([{ reason: 'threw', error: { code: 'already_running', message: 'another daemon' } }]);
    expect(await incarnation.end()).toMatchObject({ failures: [], releaseTimedOut: false });
    expect(deeds).toEqual(['spool closed']);
  });

  test('that fail by a defect are a crash with it', async () => {
    const defect = new Error('a defect');
    const { watching } = await begin(Promise.reject(defect));
    expect(watching.crashes).toEqual([{ reason: 'threw', error: defect }]);
  });
});

describe('the end', () => {
  test('of a drain: no more from the spool, the requests in flight answered, then everything is closed', async () => {
    const { deeds, incarnation } = await begin();
    expect(await incarnation.drain()).toEqual({ forced: false, failures: [], releaseTimedOut: false });
    expect(deeds).toEqual(['open', 'spool closed', 'sockets drained', 'spool closed', 'sockets closed']);
  });

  test('comes also when the sockets fail while it drains', async () => {
    const opening = Promise.withResolvers<Result<LocalSockets>>();
    const { deeds, incarnation } = await begin(opening.promise);
    const drained = incarnation.drain();
    opening.reject(new Error('a defect'));
    expect(await drained).toMatchObject({ forced: false, releaseTimedOut: false });
    expect(deeds).toEqual(['spool closed', 'spool closed']);
  });

  test('gives the sockets back also while the spool waits for an answer, so that a successor can have them', async () => {
    const { clock, deeds, incarnation } = await begin(undefined, undefined, new Promise<never>(() => undefined));
    const ended = incarnation.end();
    await settle();
    expect(deeds).toEqual(['open', 'sockets closed']);
    await clock.advance(60_000);
    expect(await ended).toMatchObject({ releaseTimedOut: true });
  });
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
