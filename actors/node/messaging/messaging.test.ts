import { describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../../protocol/errors.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { recordSpans } from '../../../telemetry/testing/recorded-spans.ts';
import type { Reply } from '../../ref.ts';
import { newId } from '../../testing/frames.ts';
import { settle } from '../../testing/world.ts';
import type { ReportedEvent } from './accept.ts';
import type { MessageRequest } from './accept.ts';
import type { MessagingMessage } from './messaging.ts';
import { begin, outcome, payload, useMessagingStage } from '../testing/messaging-stage.ts';

useMessagingStage();

const logRequest = (message: string, id = newId()): MessageRequest => ({ verb: 'log', id, at: 1, level: 'info', priority: 'low', message });

const sendRequest = (routingKey: string, bodyBase64 = 'aGk='): MessageRequest => ({ verb: 'send', id: newId(), at: 1, routingKey, contentType: 'text/plain', bodyBase64 });

const phase = (): ReportedEvent => ({ kind: 'phase', id: newId(), at: 1, phase: 'ready' });

const spans = recordSpans();

describe('what is asked of messaging', () => {
  test.each<readonly [string, (reply: Reply<Result<void>>) => MessagingMessage, object]>([
    ['a report', (reply) => ({ type: 'report', event: phase(), reply }), { lane: 'report', repeatable: false }],
    ['a log request', (reply) => ({ type: 'accept', request: logRequest('m'), reply }), { lane: 'report', priority: 'low', repeatable: true }],
    ['a send request', (reply) => ({ type: 'accept', request: sendRequest('k'), reply }), { lane: 'user', repeatable: true }],
    ['targets of autoscale', (reply) => ({ type: 'accept', request: { verb: 'autoscale', id: newId(), at: 1, targets: [{ coreCount: 8 }] }, reply }), { lane: 'report', priority: 'low', repeatable: true, payload: expect.stringContaining('"targets":[{"coreCount":8}]') }],
    [
      'the outcome of a test',
      (reply) => ({ type: 'accept', request: { verb: 'test', id: newId(), at: 1, level: 'warn', name: 'mpi', details: { a: 1 } }, reply }),
      { lane: 'report', priority: 'medium', repeatable: true, payload: expect.stringContaining('"name":"mpi","details":{"a":1}') },
    ],
    [
      'an installation status',
      (reply) => ({ type: 'accept', request: { verb: 'installation', id: newId(), at: 1, status: 'warning', hostname: 'h' }, reply }),
      { lane: 'report', priority: 'high', repeatable: true, payload: expect.stringContaining('"hostname":"h"') },
    ],
  ])('as %s is answered when it is durable, and not before', async (_what, build, entry) => {
    const { ask, outbox } = await begin();
    let answered: unknown;
    void ask(build).then((answer) => (answered = answer));
    await settle();
    expect(answered).toBeUndefined();
    expect(outbox.pending.map(({ entries }) => entries)).toEqual([[expect.objectContaining(entry)]]);
    outbox.commit();
    await settle();
    expect(answered).toEqual(ok(ok(undefined)));
  });

  test.each<ErrorCode>(['outbox_full', 'outbox_unwritable'])('is answered %s when the outbox says so, and is not accepted', async (code) => {
    const { ask, outbox } = await begin();
    const asked = ask((reply) => ({ type: 'accept', request: logRequest('m'), reply }));
    await settle();
    outbox.pending[0]?.settle(fail(code, 'why'));
    expect(await asked).toEqual(ok(fail(code, 'why')));
    expect(outbox.rows).toEqual([]);
  });

  test('is answered `outbox_unwritable` when the outbox crashes', async () => {
    const { ask, outbox, watching } = await begin();
    const asked = ask((reply) => ({ type: 'accept', request: logRequest('m'), reply }));
    await settle();
    outbox.pending[0]?.crash(new Error('the file is closed'));
    expect(await asked).toEqual(ok(fail('outbox_unwritable', 'Error: the file is closed')));
    expect(watching.crashes).toEqual([]);
  });

  test.each<readonly [ErrorCode, MessageRequest]>([
    ['message_too_large', logRequest('m'.repeat(1024 * 1024))],
    ['message_too_large', sendRequest('k', Buffer.alloc(4 * 1024 * 1024 + 1).toString('base64'))],
    ['routing_key_invalid', sendRequest('')],
    ['routing_key_invalid', sendRequest('k'.repeat(256))],
    ['exchange_refused', { ...sendRequest('k'), exchange: 'jetpack.reports' } as MessageRequest],
    ['request_invalid', { ...sendRequest('k'), headers: { CC: 'everybody' } } as MessageRequest],
  ])('and can never be accepted is answered %s, and the outbox is not asked', async (code, request) => {
    const { ask, outbox } = await begin();
    expect(await ask((reply) => ({ type: 'accept', request, reply }))).toMatchObject(ok({ ok: false, error: { code } }));
    expect(outbox.pending).toEqual([]);
  });

  test('as an array of reports is one append in the order given, with one answer when all of it is durable', async () => {
    const { ask, outbox } = await begin();
    const events = [phase(), phase(), phase()];
    let answered: unknown;
    void ask((reply) => ({ type: 'reports', events, reply })).then((answer) => (answered = answer));
    await settle();
    expect(answered).toBeUndefined();
    expect(outbox.pending.map(({ entries }) => entries.map(({ id }) => id))).toEqual([events.map(({ id }) => id)]);
    outbox.commit();
    await settle();
    expect(answered).toEqual(ok(ok(undefined)));
    expect(outbox.rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  test('as an array of reports is refused as a whole when one of them can never be accepted', async () => {
    const { ask, outbox } = await begin();
    const tooLarge: ReportedEvent = { ...phase(), kind: 'phase', phase: 'ready', detail: 'm'.repeat(1024 * 1024) };
    expect(await ask((reply) => ({ type: 'reports', events: [phase(), tooLarge, phase()], reply }))).toMatchObject(ok({ ok: false, error: { code: 'message_too_large' } }));
    expect(outbox.pending).toEqual([]);
  });

  test('as an array of reports is refused as a whole when the outbox has no room for it', async () => {
    const { ask, outbox } = await begin();
    const asked = ask((reply) => ({ type: 'reports', events: [phase(), phase()], reply }));
    await settle();
    outbox.pending[0]?.settle(fail('outbox_full', 'why'));
    expect(await asked).toEqual(ok(fail('outbox_full', 'why')));
    expect(outbox.rows).toEqual([]);
  });

  test('as an array of reports ends a span for each, failed when the array is refused', async () => {
    const { ask } = await begin();
    spans.reset();
    await ask((reply) => ({ type: 'reports', events: [phase(), { ...phase(), kind: 'phase', phase: 'ready', detail: 'm'.repeat(1024 * 1024) }], reply }));
    expect(spans.named().map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
      ['accept phase', 'message_too_large'],
      ['accept phase', 'message_too_large'],
    ]);
  });

  test('keeps its id from the command line, so that the same by socket and by spool can be told', async () => {
    const { ask, outbox } = await begin();
    const id = newId();
    for (const request of [logRequest('once', id), logRequest('once', id)]) void ask((reply) => ({ type: 'accept', request, reply }));
    await settle();
    expect(outbox.pending.flatMap(({ entries }) => entries.map((entry) => [entry.id, entry.repeatable]))).toEqual([
      [id, true],
      [id, true],
    ]);
  });
});

describe('a flush', () => {
  const flush = (begun: Awaited<ReturnType<typeof begin>>) => {
    const answered: unknown[] = [];
    const asked = begun.system.ask(begun.ref, (reply: Reply<void>) => ({ type: 'flush', reply }) as const, { timeoutMs: 60_000 });
    void asked.then((answer) => answered.push(answer));
    return answered;
  };

  test('of an empty outbox is answered at once', async () => {
    const answered = flush(await begin());
    await settle();
    expect(answered).toEqual([ok(undefined)]);
  });

  test('is answered when the last row is gone, and so is every other', async () => {
    const begun = await begin();
    await begun.accepted(payload('1'));
    const answered = [flush(begun), flush(begun)];
    await begun.link(true);
    expect(answered).toEqual([[], []]);
    await begun.answer({ sequence: 1 });
    expect(answered).toEqual([[ok(undefined)], [ok(undefined)]]);
  });
});

describe('the spans of a message', () => {
  test('end when it is durable and when the broker has answered, failed with the code of what went wrong', async () => {
    const { accepted, ask, link, outbox, published } = await begin();
    spans.reset();
    void ask((reply) => ({ type: 'accept', request: logRequest('m'), reply }));
    await settle();
    expect(spans.named('accept log')).toEqual([]);
    outbox.pending.splice(0)[0]?.settle(fail('outbox_full', 'full'));
    await link(true);
    await accepted(payload('1'));
    expect(spans.named('publish reports')).toEqual([]);
    published()[0]?.reply(outcome('unroutable'));
    await settle();
    expect(spans.named().map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
      ['accept log', 'outbox_full'],
      ['publish reports', 'unroutable'],
    ]);
  });
});

test('a drain lets what is being made durable become so, and answers whoever asked', async () => {
  const { ask, incarnation, outbox } = await begin();
  const asked = ask((reply) => ({ type: 'accept', request: logRequest('m'), reply }));
  await settle();
  const drained = incarnation.drain();
  await settle();
  outbox.commit();
  expect(await drained).toEqual({ forced: false, failures: [], releaseTimedOut: false });
  expect(await asked).toEqual(ok(ok(undefined)));
});
