// What the tests of events share.
import { afterEach } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import { seededRandom } from '../../../effects/random.ts';
import type { ErrorCode } from '../../../protocol/errors.ts';
import type { FrameOf } from '../../../protocol/frames.ts';
import { ok, type Result } from '../../../protocol/result.ts';
import type { TraceContext } from '../../../protocol/trace.ts';
import { createMetrics, type Metrics } from '../../../telemetry/metrics.ts';
import { recordSpans } from '../../../telemetry/testing/recorded-spans.ts';
import type { Settlement } from '../../../transport/port.ts';
import type { ActorRef, AskResult, Reply } from '../../ref.ts';
import { address, frame, newId, stream } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import { events, type EventsMessage } from '../events.ts';
import type { Batch, BatchOutcome, EventStore, StoredEvent } from '../ports.ts';
import { nodeRecord } from './records.ts';
import type { RosterMessage } from '../roster.ts';
import type { AnswerNode, EventsArrived } from '../transport.ts';

export const spans = recordSpans();

let world: World;

export const log = (message: string, trace?: TraceContext): object => ({ kind: 'log', id: newId(), at: 0, level: 'info', priority: 'low', message, trace });

export const record = nodeRecord(address);

/** A store that answers when the test says so. */
export const heldStore = () => {
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

export const begin = async () => {
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

export const entry = (sequence: number, event: object = log(`${sequence}`)) => ({ sequence, event });

export const applied = (sequence: number) => ({ kind: 'applied', body: { stream, lane: 'report', sequence } });

export const acked = [ok('ack')];

/** For each test of the file that calls it. */
export const useEventsStage = (): void => {
  afterEach(() => {
    world.system.stop();
    spans.reset();
  });
};
