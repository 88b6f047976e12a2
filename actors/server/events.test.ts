import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../effects/random.ts';
import { decodeFrame, encodeFrame } from '../../protocol/codec.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { FrameOf } from '../../protocol/frames.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { recordSpans } from '../../telemetry/testing/recorded-spans.ts';
import type { Settlement } from '../../transport/port.ts';
import type { ActorRef, AskResult, Reply } from '../ref.ts';
import { address, frame, newId, stream } from '../testing/frames.ts';
import { probe } from '../testing/probe.ts';
import { supervise } from '../testing/recorder.ts';
import { createWorld, settle, type World } from '../testing/world.ts';
import { events, type EventsMessage } from './events.ts';
import type { Batch, BatchOutcome, EventStore, StoredEvent } from './ports.ts';
import { nodeRecord } from './testing/records.ts';
import type { RosterMessage } from './roster.ts';
import type { AnswerNode, EventsArrived } from './transport.ts';

const spans = recordSpans();
let world: World;
afterEach(() => {
  world.system.stop();
  spans.reset();
});

const traceOf = (digit: string): TraceContext => ({ traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });

const log = (message: string, trace?: TraceContext): object => ({ kind: 'log', id: newId(), at: 0, level: 'info', priority: 'low', message, trace });
const phase = (): object => ({ kind: 'phase', id: newId(), at: 0, phase: 'ready' });

const record = nodeRecord(address);

/** A store that answers when the test says so. */
const heldStore = () => {
  const applied = new Map<string, number>();
  const pending: Array<{ readonly batch: Batch; readonly settle: (result: Result<BatchOutcome>) => void; readonly crash: (error: Error) => void }> = [];
  const store: EventStore = {
    applyBatch: (batch) => new Promise((settle, crash) => void pending.push({ batch, settle, crash })),
    post: async () => ok([]),
    appliedOf: (stream) => applied.get(stream) ?? 0,
    nodes: (only) => [{ ...record, ...only }],
    events: () => [],
    count: () => 0,
  };
  /** Stores the oldest batch that waits, as a store does that has nothing against it. */
  const commit = async (): Promise<void> => {
    const { batch, settle: answer } = pending.shift()!;
    const through = batch.entries.at(-1)?.through ?? 0;
    applied.set(batch.stream, through);
    const stored = batch.entries.map(
      ({ event, raw, sequence }): StoredEvent => ({
        ...batch.from,
        position: sequence,
        stream: batch.stream,
        lane: batch.lane,
        sequence,
        id: undefined,
        kind: event.ok ? event.value.kind : 'unreadable',
        at: 0,
        receivedAt: 40,
        level: 'info',
        priority: 'low',
        message: raw,
        raw,
        problem: undefined,
      }),
    );
    answer(ok({ outcome: 'applied', applied: through, stored }));
    await settle();
  };
  return { applied, commit, pending, store };
};

const begin = async () => {
  world = createWorld();
  const { clock, system } = world;
  const held = heldStore();
  const logged = recordLog();
  const transport = probe<AnswerNode>(system, 'transport');
  const roster = probe<RosterMessage>(system, 'roster');
  const told: StoredEvent[] = [];
  const counted: Array<readonly [string, number, ErrorCode | undefined]> = [];
  const lags: Array<readonly [string, number]> = [];
  const metrics: Metrics = {
    ...createMetrics(clock),
    processed: (...call) => void counted.push(call),
    synced: (...call) => void lags.push(call),
  };
  const ports = {
    store: held.store,
    eventLog: {
      get position() {
        return told.at(-1)?.position ?? 0;
      },
      write: (event: StoredEvent) => void told.push(event),
    },
    reportsQueue: 'reports',
    transport: transport.ref,
    roster: roster.ref,
    metrics,
    clock,
    random: seededRandom(1),
    logger: logged.logger,
  };
  const watching = supervise('end');
  const incarnation = system.spawn('events', events(ports), watching);
  const ref: ActorRef<EventsMessage> = system.ref('events');
  await settle();
  /** Brings a frame; the result fills when it is settled. */
  const arrive = async (entries: FrameOf<'events'>['body']['entries'], { from = address, publication = undefined as TraceContext | undefined } = {}) => {
    const arrived: Omit<EventsArrived, 'reply'> = {
      type: 'frame',
      frame: { ...frame('events', { stream, lane: 'report', entries }), from },
      bytes: 500,
      clockOffsetMs: 7,
      delivery: { exchange: 'reports', routingKey: 'events.lab.n1', queue: 'reports', redelivered: false },
      publication,
    };
    const settled: Array<AskResult<Settlement>> = [];
    void system.ask(ref, (reply: Reply<Settlement>) => ({ ...arrived, reply }), { timeoutMs: 600_000 }).then((result) => settled.push(result));
    await settle();
    return settled;
  };
  return {
    ...held,
    arrive,
    clock,
    counted,
    incarnation,
    lags,
    logged,
    ports,
    roster,
    system,
    told,
    transport,
    watching,
    /** What nodes were answered, in short. */
    answered: () => transport.received.map(({ frame }) => ({ kind: frame.kind, body: frame.body })),
  };
};

const entry = (sequence: number, event: object = log(`${sequence}`)) => ({ sequence, event });
const applied = (sequence: number) => ({ kind: 'applied', body: { stream, lane: 'report', sequence } });
const resend = (from: number, to: number) => ({ kind: 'resend', body: { stream, lane: 'report', from, to } });
const acked = [ok('ack')];

describe('a frame of events', () => {
  test('is acknowledged, and its node answered, when it is in the store and not before', async () => {
    const { answered, arrive, commit, transport } = await begin();
    const settled = await arrive([entry(1), entry(2)]);
    expect([settled, answered()]).toEqual([[], []]);
    await commit();
    expect([settled, answered()]).toEqual([acked, [applied(2)]]);
    expect(transport.received[0]?.to).toEqual(address);
    expect(decodeFrame(encodeFrame(transport.received[0]!.frame))).toMatchObject({ ok: true });
  });

  test('that comes early is acknowledged at once, and what is missing asked for: the node still has it', async () => {
    const { answered, arrive, commit, logged, pending } = await begin();
    expect(await arrive([entry(3)])).toEqual(acked);
    expect([pending, answered()]).toEqual([[], [resend(1, 2)]]);
    expect(logged.lines).toEqual(['info: lab/n1 is asked for 1 to 2 again']);
    const missing = await arrive([entry(1), entry(2)]);
    expect(pending[0]?.batch.entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    await commit();
    expect([missing, answered().at(-1)]).toEqual([acked, applied(3)]);
  });

  test('that comes while another of its node is with the store is acknowledged at once and applied after it', async () => {
    const { answered, arrive, commit, pending } = await begin();
    const first = await arrive([entry(1)]);
    expect(await arrive([entry(2)])).toEqual(acked);
    expect([first, pending.length]).toEqual([[], 1]);
    await commit();
    expect(pending.map(({ batch }) => batch.entries.map(({ sequence }) => sequence))).toEqual([[2]]);
    await commit();
    expect([first, answered()]).toEqual([acked, [applied(1), applied(2)]]);
  });

  test('that comes together with others of its lane is stored in one batch with them, and all are acknowledged with it', async () => {
    const { answered, arrive, commit, pending } = await begin();
    const frames = [arrive([entry(1)]), arrive([entry(2), entry(3)]), arrive([entry(4)])];
    const settled = await Promise.all(frames);
    expect(pending.map(({ batch }) => batch.entries.map(({ sequence }) => sequence))).toEqual([[1, 2, 3, 4]]);
    expect(settled).toEqual([[], [], []]);
    await commit();
    expect([settled, answered()]).toEqual([[acked, acked, acked], [applied(4)]]);
  });

  test('that follows many events is gathered with others for 20 ms at the most, and no longer when there is as much as is taken at once', async () => {
    const { arrive, clock, commit, pending } = await begin();
    const sequences = (): readonly number[] => pending.map(({ batch }) => batch.entries.length);
    const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => entry(from + index));
    await arrive(many(1, 32));
    await commit();
    for (let sequence = 33; sequence <= 35; sequence += 1) await arrive([entry(sequence)]);
    await clock.advance(19);
    await settle();
    expect(sequences()).toEqual([]);
    await clock.advance(1);
    await settle();
    expect(sequences()).toEqual([3]);
    await commit();
    await arrive(many(36, 32));
    await commit();
    await arrive(many(68, 2_047));
    expect(sequences()).toEqual([]);
    await arrive([entry(2_115)]);
    expect(sequences()).toEqual([2_048]);
  });

  test('that comes together with one of another node makes a batch of its own', async () => {
    const { arrive, pending } = await begin();
    const other = { cluster: 'lab', node: 'n2' };
    await Promise.all([arrive([entry(1)]), arrive([entry(1)], { from: other }), arrive([entry(2)])]);
    expect(pending.map(({ batch: { entries, from } }) => [from.node, entries.map(({ sequence }) => sequence)])).toEqual([['n1', [1]], ['n2', [1]]]);
  });

  test('that came before is answered again and stored no second time', async () => {
    const { answered, arrive, commit, pending } = await begin();
    await arrive([entry(1)]);
    await commit();
    expect(await arrive([entry(1)])).toEqual(acked);
    expect([pending, answered()]).toEqual([[], [applied(1), applied(1)]]);
  });

  test('is told, event by event, to whoever listens, and counted with the time it took', async () => {
    const { arrive, clock, commit, counted, lags, pending, told } = await begin();
    await arrive([entry(1), entry(2, phase())]);
    // What was found of its node's clock goes with it to the store.
    expect(pending[0]?.batch.entries.map(({ clockOffsetMs }) => clockOffsetMs)).toEqual([7, 7]);
    await clock.advance(7);
    await commit();
    expect(told.map(({ position }) => position)).toEqual([1, 2]);
    expect([counted, lags]).toEqual([[['reports', 7, undefined]], [['log', 40], ['phase', 40]]]);
  });

  test('tells the roster when it changes what is known of its node, and only then', async () => {
    const { arrive, commit, roster } = await begin();
    roster.received.length = 0;
    await arrive([entry(1)]);
    await commit();
    expect(roster.received).toEqual([]);
    await arrive([entry(2, phase())]);
    await commit();
    expect(roster.received).toEqual([{ type: 'changed', records: [record] }]);
  });
});

describe('a store that fails', () => {
  test.each([
    ['with an answer', (pending: ReturnType<typeof heldStore>['pending']) => pending.shift()?.settle(fail('store_unwritable', 'disk full'))],
    ['by a crash', (pending: ReturnType<typeof heldStore>['pending']) => pending.shift()?.crash(new Error('disk full'))],
  ])('%s has the frame acknowledged and not answered: its node sends it again, and then it is stored', async (_how, give) => {
    const { answered, arrive, commit, counted, logged, pending, told, watching } = await begin();
    const settled = await arrive([entry(1)]);
    give(pending);
    await settle();
    expect([settled, answered(), told]).toEqual([acked, [], []]);
    expect(logged.lines).toEqual([expect.stringMatching(/^error: events of lab\/n1 could not be stored: .*disk full$/)]);
    expect([logged.fields, counted]).toEqual([[{ code: 'store_unwritable' }], [['reports', 0, 'store_unwritable']]]);
    await arrive([entry(1)]);
    await commit();
    expect([answered(), watching.crashes]).toEqual([[applied(1)], []]);
  });

  test('because another server has opened it since is a crash: this one has nothing to write to', async () => {
    const { arrive, pending, watching } = await begin();
    const settled = await arrive([entry(1)]);
    pending.shift()?.settle(fail('store_fenced', 'its epoch is 2'));
    await settle();
    expect([settled, watching.crashes]).toMatchObject([[{ ok: false, error: { code: 'actor_crashed' } }], [{ error: { code: 'store_fenced', message: 'its epoch is 2' } }]]);
  });
});

describe("a frame in another node's stream", () => {
  test('is acknowledged, and its sender told why it is refused', async () => {
    const { arrive, logged, pending, told, transport } = await begin();
    const settled = await arrive([entry(1)]);
    pending.shift()?.settle(ok({ outcome: 'conflict', owner: { cluster: 'lab', node: 'n9' } }));
    await settle();
    const message = `stream ${stream} belongs to lab/n9: two nodes share one run/ folder, or one was cloned`;
    expect(transport.received).toMatchObject([{ to: address, frame: { kind: 'refused', body: { code: 'stream_conflict', message } } }]);
    expect([settled, told, logged.lines]).toEqual([acked, [], [`error: lab/n1 was refused: ${message}`]]);
  });
});

describe('the span of a traced event', () => {
  const spansSeen = () =>
    spans.named('process reports').map((span) => ({
      trace: span.spanContext().traceId[0],
      parent: span.parentSpanContext?.spanId[0],
      link: span.links[0]?.context.spanId[0],
      error: span.attributes['error.type'],
    }));

  test('ends when it is stored, under its own trace, linked to the publish that brought it', async () => {
    const { arrive, commit } = await begin();
    await arrive([entry(1, log('1', traceOf('a'))), entry(2), entry(3, log('3', traceOf('b')))], { publication: traceOf('c') });
    expect(spansSeen()).toEqual([]);
    await commit();
    expect(spansSeen()).toEqual([
      { trace: 'a', parent: 'a', link: 'c', error: undefined },
      { trace: 'b', parent: 'b', link: 'c', error: undefined },
    ]);
  });

  test('links to the publish that brought the event, also when it is stored with those of another', async () => {
    const { arrive, commit } = await begin();
    await arrive([entry(2, log('2', traceOf('b')))], { publication: traceOf('d') });
    await arrive([entry(1, log('1', traceOf('a')))], { publication: traceOf('c') });
    await commit();
    expect(spansSeen().map(({ link, trace }) => [trace, link])).toEqual([['a', 'c'], ['b', 'd']]);
  });

  test('ends with the code of what failed', async () => {
    const { arrive, pending } = await begin();
    await arrive([entry(1, log('1', traceOf('a')))]);
    pending.shift()?.settle(fail('store_unwritable', 'disk full'));
    await settle();
    expect(spansSeen()).toMatchObject([{ trace: 'a', error: 'store_unwritable' }]);
  });

  test('is made for an event that came again too, and says that it did', async () => {
    const { arrive, commit } = await begin();
    await arrive([entry(1, log('1', traceOf('a')))]);
    await commit();
    await arrive([entry(1, log('1', traceOf('a'))), entry(2)]);
    await commit();
    expect(spans.named().map(({ attributes }) => attributes['jetpack.duplicate'])).toEqual([false, true]);
  });
});

describe('a crash', () => {
  test('leaves the frame under way to be delivered again, and a successor begins where the store is', async () => {
    const { answered, applied: progress, arrive, commit, incarnation, pending, ports, system } = await begin();
    const settled = await arrive([entry(1)]);
    await incarnation.end();
    expect(settled).toMatchObject([{ ok: false, error: { code: 'actor_crashed' } }]);
    pending.shift()?.settle(ok({ outcome: 'applied', applied: 1, stored: [] }));
    progress.set(stream, 1);
    system.spawn('events', events(ports), supervise('end'));
    await settle();
    expect([await arrive([entry(1)]), answered()]).toEqual([acked, [applied(1)]]);
    await arrive([entry(2)]);
    await commit();
    expect(answered().at(-1)).toEqual(applied(2));
  });
});

test('a drain lets what is with the store be stored and acknowledged', async () => {
  const { arrive, commit, incarnation } = await begin();
  const settled = await arrive([entry(1)]);
  const drained = incarnation.drain();
  await commit();
  expect(await drained).toEqual({ forced: false, failures: [], releaseTimedOut: false });
  expect(settled).toEqual(acked);
});
