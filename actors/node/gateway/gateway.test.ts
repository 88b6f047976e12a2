import { describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { LocalReply, LocalRequest, SpooledRequest } from '../../../protocol/local.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { newId } from '../../testing/frames.ts';
import { settle } from '../../testing/world.ts';
import type { LocalSockets } from './gateway.ts';
import { begin, spans, useGatewayStage } from '../testing/gateway-stage.ts';

useGatewayStage();

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
