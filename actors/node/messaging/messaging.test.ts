import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import { decodeFrame } from '../../../protocol/codec.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { recordSpans } from '../../../telemetry/testing/recorded-spans.ts';
import type { PublishOutcome } from '../../../transport/port.ts';
import type { ActorRef, AskResult, Reply } from '../../ref.ts';
import { address, bodies, frame, newId, stream } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, until, type World } from '../../testing/world.ts';
import type { ReportedEvent } from './accept.ts';
import type { MessageRequest } from './accept.ts';
import { messaging, type MessagingMessage } from './messaging.ts';
import type { UserMessage } from './ports.ts';
import { HeldOutbox } from '../testing/held-outbox.ts';
import { MemoryState } from '../testing/memory-state.ts';
import type { NodeTransportMessage } from '../transport.ts';

const destination = { address, reportsExchange: 'reports', userExchange: 'user' };

const logRequest = (message: string, id = newId()): MessageRequest => ({ verb: 'log', id, at: 1, level: 'info', priority: 'low', message });
const sendRequest = (routingKey: string, bodyBase64 = 'aGk='): MessageRequest => ({ verb: 'send', id: newId(), at: 1, routingKey, contentType: 'text/plain', bodyBase64 });
const phase = (): ReportedEvent => ({ kind: 'phase', id: newId(), at: 1, phase: 'ready' });

const spans = recordSpans();
let world: World;
afterEach(() => world.system.stop());

type Publish = Extract<NodeTransportMessage, { type: 'publish' }>;

/** Messaging before an outbox and a transport that are the test's. */
const begin = async (outbox = new HeldOutbox(stream), state = new MemoryState()) => {
  world = createWorld();
  const { clock, system } = world;
  const transport = probe<NodeTransportMessage>(system, 'transport');
  const log = recordLog();
  const ports = { outbox, state, destination, transport: transport.ref, clock, random: seededRandom(1), logger: log.logger };
  const watching = supervise('end');
  const incarnation = system.spawn('messaging', messaging(ports), watching);
  const ref: ActorRef<MessagingMessage> = system.ref('messaging');
  await settle();
  let taken = 0;
  const tell = async (message: MessagingMessage): Promise<void> => {
    system.tell(ref, message);
    await settle();
  };
  return {
    clock,
    incarnation,
    log,
    outbox,
    ref,
    system,
    tell,
    transport,
    watching,
    ask: (build: (reply: Reply<Result<void>>) => MessagingMessage): Promise<AskResult<Result<void>>> => system.ask(ref, build, { timeoutMs: 60_000 }),
    link: (up: boolean) => tell({ type: 'connection', up }),
    /** Appends rows as if they had been accepted earlier, and wakes whoever waits for them. */
    accepted: async (...payloads: readonly string[]) => {
      outbox.add('report', ...payloads);
      await tell({ type: 'durable' });
      await clock.advance(5);
      await settle();
    },
    answer: async (body: Partial<typeof bodies.applied>) => tell({ type: 'answer', frame: frame('applied', { ...bodies.applied, ...body }) }),
    /** What it asked to be published since the last look. */
    published: (): readonly Publish[] => {
      const all = transport.received.filter((message): message is Publish => message.type === 'publish');
      return all.slice(taken, (taken = all.length));
    },
  };
};

const payload = (message: string): string => JSON.stringify({ kind: 'log', id: newId(), at: 0, level: 'info', priority: 'low', message });

/** The messages of the events in a publish. */
const eventsIn = ({ message }: Publish): readonly unknown[] => {
  const decoded = decodeFrame(message.body);
  if (!decoded.ok || decoded.value.kind !== 'events') throw new Error('not a frame of events');
  return decoded.value.body.entries.map(({ event }) => (event as { readonly message: unknown }).message);
};

const outcome = (value: PublishOutcome['outcome']): PublishOutcome => ({ outcome: value });

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

describe('what was accepted', () => {
  test('waits for the broker, and goes at once when it is there', async () => {
    const { accepted, link, published } = await begin();
    await accepted(payload('1'), payload('2'));
    expect(published()).toEqual([]);
    await link(true);
    const [publish, ...more] = published();
    expect([eventsIn(publish!), more]).toEqual([['1', '2'], []]);
    expect(publish!.message).toMatchObject({ exchange: 'reports', routingKey: 'events.lab.n1', persistent: true, contentType: 'application/json' });
  });

  test('is gathered for 5 ms, and travels together', async () => {
    const { clock, link, outbox, published, tell } = await begin();
    await link(true);
    outbox.add('report', payload('1'));
    await tell({ type: 'durable' });
    await clock.advance(4);
    outbox.add('report', payload('2'));
    await tell({ type: 'durable' });
    expect(published()).toEqual([]);
    await clock.advance(1);
    await settle();
    expect(published().map(eventsIn)).toEqual([['1', '2']]);
    expect(clock.armed).toBe(1);
  });

  test('is sent again from the start over a new connection, however it ended on the old one', async () => {
    const { accepted, answer, link, published } = await begin();
    await link(true);
    await accepted(payload('1'), payload('2'), payload('3'));
    published()[0]?.reply(outcome('confirmed'));
    await answer({ sequence: 1 });
    await link(false);
    await link(true);
    expect(published().map(eventsIn)).toEqual([['2', '3']]);
    await link(true);
    expect(published()).toEqual([]);
  });

  test('is sent again by its own timer when the server is silent, and no longer once it is applied', async () => {
    const { accepted, answer, clock, link, published } = await begin();
    await link(true);
    await accepted(payload('1'));
    published()[0]?.reply(outcome('confirmed'));
    await settle();
    await clock.advance(4_999);
    expect(published()).toEqual([]);
    await clock.advance(1);
    await settle();
    const [again] = published();
    expect(eventsIn(again!)).toEqual(['1']);
    again!.reply(outcome('confirmed'));
    await settle();
    await answer({ sequence: 1 });
    await clock.advance(600_000);
    await settle();
    expect(published()).toEqual([]);
  });

  test('is sent again with a growing pause while no queue is bound, which is told once, as is its end', async () => {
    const { accepted, clock, link, log, published, transport } = await begin();
    await link(true);
    await accepted(payload('1'));
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      published()[0]?.reply(outcome('unroutable'));
      await settle();
      const answeredAt = clock.monotonic();
      await until(clock, 'it is published again', () => transport.received.filter(({ type }) => type === 'publish').length === attempt + 2);
      pauses.push(clock.monotonic() - answeredAt);
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000]);
    expect(log.lines).toEqual(['warn: no server takes reports yet: no queue is bound for them']);
    published()[0]?.reply(outcome('confirmed'));
    await settle();
    expect(log.lines.slice(1)).toEqual(['info: reports are taken again']);
    await accepted(payload('2'));
    published()[0]?.reply(outcome('unroutable'));
    await settle();
    expect(log.lines.slice(2)).toEqual(['warn: no server takes reports yet: no queue is bound for them']);
  });

  test('is deleted when the server says that it is applied, and only up to there', async () => {
    const { accepted, answer, link, outbox } = await begin();
    await link(true);
    await accepted(payload('1'), payload('2'));
    await answer({ sequence: 2, lane: 'user' });
    expect(outbox.rows).toHaveLength(2);
    await answer({ sequence: 1 });
    expect(outbox.rows.map(({ sequence }) => sequence)).toEqual([2]);
  });

  test('is sent again when the server asks for it', async () => {
    const { accepted, link, published, tell } = await begin();
    await link(true);
    await accepted(payload('1'), payload('2'));
    published()[0]?.reply(outcome('confirmed'));
    await settle();
    await tell({ type: 'answer', frame: frame('resend', { stream, lane: 'report', from: 2, to: 2 }) });
    expect(published().map(eventsIn)).toEqual([['1', '2']]);
    await tell({ type: 'answer', frame: frame('resend', { stream, lane: 'user', from: 2, to: 2 }) });
    expect(published()).toEqual([]);
  });

  test('is published again when the transport did not answer, crashed or stopped', async () => {
    const { accepted, clock, link, published } = await begin();
    await link(true);
    await accepted(payload('1'));
    expect(published()).toHaveLength(1);
    await clock.advance(30_000);
    await settle();
    await clock.advance(500);
    await settle();
    expect(published().map(eventsIn)).toEqual([['1']]);
  });

  test('stays when it cannot be deleted, which is told', async () => {
    const { accepted, answer, link, log, outbox } = await begin();
    await link(true);
    await accepted(payload('1'));
    outbox.answer = fail('outbox_unwritable', 'disk full');
    await answer({ sequence: 1 });
    expect(outbox.rows).toHaveLength(1);
    expect(log.lines).toEqual(['error: the outbox could not be updated: disk full']);
  });

  test('is all sent again by a successor, in a frame of its own id', async () => {
    const { clock, incarnation, link, outbox, published, ref, system, transport } = await begin();
    outbox.add('report', payload('1'));
    await link(true);
    const [before] = published();
    await incarnation.end();
    system.spawn(ref.path, messaging({ outbox, state: new MemoryState(), destination, transport: transport.ref, clock, random: seededRandom(2), logger: recordLog().logger }), supervise('end'));
    await settle();
    expect(transport.received.at(-1)).toMatchObject({ type: 'connection?', observer: { path: 'messaging' } });
    await link(true);
    const [after] = published();
    expect(eventsIn(after!)).toEqual(eventsIn(before!));
    expect(after!.message.messageId).not.toBe(before!.message.messageId);
  });
});

describe('a message of `jetpack send`', () => {
  const user = (id: string): string => JSON.stringify({ id, at: 0, routingKey: 'my.key', contentType: 'text/plain', bodyBase64: 'aGk=' } satisfies UserMessage);
  const beginSending = async () => {
    const outbox = new HeldOutbox(stream);
    outbox.add('user', user('a'), user('b'));
    const begun = await begin(outbox);
    await begun.link(true);
    return begun;
  };

  test('goes to the exchange of the users as its sender meant it, and is freed by its confirm', async () => {
    const { outbox, published } = await beginSending();
    const [first, ...more] = published();
    expect(more).toEqual([]);
    expect(first!.message).toMatchObject({
      exchange: 'user',
      routingKey: 'my.key',
      body: Buffer.from('hi'),
      messageId: 'a',
      contentType: 'text/plain',
      persistent: true,
      headers: { 'jetpack-cluster': 'lab', 'jetpack-node': 'n1' },
    });
    first!.reply(outcome('confirmed'));
    await settle();
    expect(outbox.rows.map(({ sequence }) => sequence)).toEqual([2]);
    expect(published().map(({ message }) => message.messageId)).toEqual(['b']);
  });

  test('has the headers that its sender gave it, and not in place of ours, and need not be kept by the broker', async () => {
    const outbox = new HeldOutbox(stream);
    const given = { unit: '7', traceparent: 'x', 'jetpack-node': 'other' };
    outbox.add('user', JSON.stringify({ ...(JSON.parse(user('a')) as object), headers: given, persistent: false }));
    const { link, published } = await begin(outbox);
    await link(true);
    const [sent] = published();
    expect(sent?.message).toMatchObject({ persistent: false, headers: { unit: '7', 'jetpack-cluster': 'lab', 'jetpack-node': 'n1' } });
    expect(sent?.message.headers?.['traceparent']).not.toBe('x');
  });

  test('that nobody takes is reported, and the next one goes', async () => {
    const { outbox, published } = await beginSending();
    published()[0]?.reply(outcome('unroutable'));
    await settle();
    expect(outbox.reports.map(({ payload }) => JSON.parse(payload))).toEqual([expect.objectContaining({ kind: 'undelivered', messageId: 'a' })]);
    expect(published().map(({ message }) => message.messageId)).toEqual(['b']);
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

describe('reports in the state of the node', () => {
  const pending = (message: string) => ({ event: { kind: 'log', id: newId(), at: 1, level: 'info', priority: 'high', message } as const, trace: undefined });
  const stored = (outbox: HeldOutbox) => outbox.rows.map((row) => (JSON.parse(row.payload) as { readonly message: string }).message);

  test('of an earlier life are taken at the start, in order, and forgotten once they are durable, not before', async () => {
    const state = new MemoryState();
    await state.change([], [pending('1'), pending('2')]);
    const { outbox } = await begin(new HeldOutbox(stream), state);
    expect(outbox.pending.map(({ entries }) => entries.map(({ repeatable }) => repeatable))).toEqual([[true, true]]);
    expect(state.pending(10)).toHaveLength(2);
    outbox.commit();
    await settle();
    expect([stored(outbox), state.pending(10)]).toEqual([['1', '2'], []]);
  });

  test('that come while others are taken are taken after them', async () => {
    const state = new MemoryState();
    await state.change([], [pending('1')]);
    const { outbox, tell } = await begin(new HeldOutbox(stream), state);
    await state.change([], [pending('2')]);
    await tell({ type: 'pending' });
    expect(outbox.pending).toHaveLength(1);
    outbox.commit();
    await settle();
    outbox.commit();
    await settle();
    expect(stored(outbox)).toEqual(['1', '2']);
  });

  test('stay where they are while the outbox cannot take them, and are tried again', async () => {
    const state = new MemoryState();
    await state.change([], [pending('1')]);
    const { clock, log, outbox } = await begin(new HeldOutbox(stream), state);
    outbox.pending.splice(0)[0]?.settle(fail('outbox_full', 'full'));
    await settle();
    expect([state.pending(10).length, log.lines]).toEqual([1, ['warn: reports wait to be kept: full']]);
    await clock.advance(10_000);
    await settle();
    outbox.commit();
    await settle();
    expect([stored(outbox), state.pending(10)]).toEqual([['1'], []]);
  });

  test('one that no outbox would ever take holds up nothing behind it', async () => {
    const state = new MemoryState();
    await state.change([], [pending('x'.repeat(2_000_000)), pending('behind')]);
    const { log, outbox } = await begin(new HeldOutbox(stream), state);
    outbox.commit();
    await settle();
    expect([stored(outbox), state.pending(10)]).toEqual([['behind'], []]);
    expect(log.lines[0]).toMatch(/^error: a log report is given up: the message takes \d+ bytes/);
  });

  test('are waited for by whoever wants everything to have left', async () => {
    const state = new MemoryState();
    await state.change([], [pending('1')]);
    const { outbox, ref, system } = await begin(new HeldOutbox(stream), state);
    let flushed = false;
    void system.ask(ref, (reply: Reply<void>) => ({ type: 'flush', reply }) as const, { timeoutMs: 60_000 }).then(() => (flushed = true));
    await settle();
    expect(flushed).toBe(false);
    outbox.commit();
    outbox.rows = [];
    await settle();
    expect(flushed).toBe(true);
  });
});
