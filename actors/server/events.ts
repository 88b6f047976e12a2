// Brings the events of all nodes into the store, in order and once each, and answers their nodes.
//
// The intake (a state machine over the store's progress) says what to apply, what to answer and what to ask for again; this
// actor does it. Frames that came together are taken together: they make one batch, and cost the store one commit. A frame is
// settled when what it brought is in the store, or at once where nothing of it can be applied yet: a node keeps what is not
// applied, so an acknowledged frame is never the last copy. For the same reason a frame that could not be stored is not
// delivered again by the broker: its node sends it. After a crash a new intake starts from the store; what was held is sent
// again. The event log and the roster follow the store, so they also learn of what an incarnation stored and did not live to
// tell. What comes over HTTP has no order to keep, and goes past the intake.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { uuid7, type Random } from '../../effects/random.ts';
import type { ToldEvent } from '../../protocol/clusterlink-read.ts';
import { JetpackError } from '../../protocol/errors.ts';
import type { EventKind, EventOf } from '../../protocol/events.ts';
import { wireVersion } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { assertNever, fail, ok, type Result } from '../../protocol/result.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { SpanHandle } from '../../telemetry/span.ts';
import type { Settlement } from '../../transport/port.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, Reply } from '../ref.ts';
import { Arrivals } from './arrivals.ts';
import { Intake, type IntakeStep } from './intake.ts';
import { Line } from './line.ts';
import type { Batch, BatchOutcome, EventLog, EventStore, StoredEvent } from './ports.ts';
import type { RosterMessage } from './roster.ts';
import type { AnswerNode, EventsArrived } from './transport.ts';

interface Applying {
  readonly batch: Batch;
  readonly spans: readonly SpanHandle[];
  readonly startedAt: number;
  /** Settles the frame that made the batch complete. */
  readonly reply: Reply<Settlement>;
}

/** What a program told over HTTP, as a node. Answered when it is in the store, with how many of it were not there before. */
export interface PostEvents {
  readonly type: 'post';
  readonly from: NodeAddress;
  readonly events: readonly ToldEvent[];
  readonly reply: Reply<Result<number>>;
}

export type EventsMessage =
  | EventsArrived
  | PostEvents
  | { readonly type: 'posted'; readonly from: NodeAddress; readonly result: Result<readonly StoredEvent[]>; readonly reply: PostEvents['reply'] }
  | { readonly type: 'take' }
  | { readonly type: 'catchUp' }
  | { readonly type: 'stored'; readonly applying: Applying; readonly result: Result<BatchOutcome> };

export interface EventsPorts {
  readonly store: EventStore;
  readonly eventLog: EventLog;
  readonly reportsQueue: string;
  readonly transport: ActorRef<AnswerNode>;
  readonly roster: ActorRef<RosterMessage>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface State {
  readonly intake: Intake;
  readonly arrivals: Arrivals;
  readonly line: Line;
  /** Cancels the timer after which the line is taken. */
  readonly cancelTake: () => void;
}

const isSameLane = (a: EventsArrived['frame'], b: EventsArrived['frame']): boolean =>
  a.body.stream === b.body.stream && a.body.lane === b.body.lane && a.from.cluster === b.from.cluster && a.from.node === b.from.node;

/** Neighbours of one lane, together. */
const byLane = (line: readonly EventsArrived[]): ReadonlyArray<readonly [EventsArrived, ...EventsArrived[]]> => {
  const groups: Array<[EventsArrived, ...EventsArrived[]]> = [];
  for (const arrived of line) {
    const group = groups.at(-1);
    if (group !== undefined && isSameLane(group[0].frame, arrived.frame)) group.push(arrived);
    else groups.push([arrived]);
  }
  return groups;
};

const unanswered = (): void => undefined;
const nothing = (): void => undefined;

/** Events that change what the roster shows of their node. */
const told: ReadonlySet<string> = new Set(['node', 'phase', 'converge', 'condition', 'termination', 'keepalive', 'shutdown', 'installation'] satisfies EventKind[]);

/** Events read from the store at a time. */
const page = 1_000;

export const events = (ports: EventsPorts): ActorDefinition<State, EventsMessage> => {
  const { clock, eventLog, logger, metrics, random, store } = ports;
  type Context = ActorContext<EventsMessage>;

  const head = () => ({ v: wireVersion, id: uuid7(clock.now(), random), sentAt: clock.now() }) as const;

  const answer = (to: AnswerNode['to'], frame: AnswerNode['frame'], context: Context): void =>
    void context.tell(ports.transport, { type: 'answer', to, frame });

  const apply = (state: State, batch: Batch, reply: Reply<Settlement>, context: Context): void => {
    const applying = { batch, spans: state.arrivals.begin(batch), startedAt: clock.monotonic(), reply };
    context.pipeToSelf(
      store.applyBatch(batch),
      (result) => ({ type: 'stored', applying, result }),
      (error) => ({ type: 'stored', applying, result: fail('store_unwritable', String(error)) }),
    );
  };

  /** Another server has the store: what this one does can come to nothing any more. */
  const endIfFenced = (result: Result<unknown>): void => {
    if (!result.ok && result.error.code === 'store_fenced') throw new JetpackError(result.error.code, result.error.message);
  };

  /** Does what the intake says; `reply` settles the frame that led to it. */
  const follow = (state: State, steps: readonly IntakeStep[], reply: Reply<Settlement>, context: Context): void => {
    let settle = reply;
    for (const step of steps) {
      switch (step.type) {
        case 'apply':
          apply(state, step.batch, settle, context);
          settle = unanswered;
          break;
        case 'applied':
          answer(step.to, { ...head(), kind: 'applied', body: step.body }, context);
          break;
        case 'resend':
          logger.info(`${step.to.cluster}/${step.to.node} is asked for ${step.body.from} to ${step.body.to} again`, step.body);
          answer(step.to, { ...head(), kind: 'resend', body: step.body }, context);
          break;
        case 'conflict': {
          const { from, stream } = step.batch;
          const owner = `${step.owner.cluster}/${step.owner.node}`;
          const message = `stream ${stream} belongs to ${owner}: two nodes share one run/ folder, or one was cloned`;
          logger.error(`${from.cluster}/${from.node} was refused: ${message}`, { code: 'stream_conflict' });
          answer(from, { ...head(), kind: 'refused', body: { code: 'stream_conflict', message } }, context);
          break;
        }
        default:
          assertNever(step);
      }
    }
    settle('ack');
  };

  /** Brings the event log and the roster to where the store is. */
  const catchUp = (context: Context): void => {
    const next = (after: number): readonly StoredEvent[] => store.events({ after, limit: page });
    let { position } = eventLog;
    for (let behind = next(position); behind.length > 0; behind = next(position)) {
      for (const event of behind) eventLog.write(event);
      position = behind.at(-1)?.position ?? position;
    }
    context.tell(ports.roster, { type: 'changed', records: store.nodes() });
  };

  const tell = (from: Batch['from'], added: readonly StoredEvent[], context: Context): void => {
    for (const event of added) metrics.synced(event.kind, event.receivedAt - event.at);
    const [first] = added;
    if (first === undefined || first.position <= eventLog.position) return;
    if (first.position > eventLog.position + 1) {
      catchUp(context);
      return;
    }
    for (const event of added) eventLog.write(event);
    if (added.some(({ kind }) => told.has(kind))) context.tell(ports.roster, { type: 'changed', records: store.nodes(from) });
  };

  const stored = (state: State, { batch, reply, spans, startedAt }: Applying, result: Result<BatchOutcome>, context: Context): void => {
    for (const span of spans) {
      if (!result.ok) span.fail(result.error.code);
      span.end();
    }
    metrics.processed(ports.reportsQueue, clock.monotonic() - startedAt, result.ok ? undefined : result.error.code);
    if (!result.ok) logger.error(`events of ${batch.from.cluster}/${batch.from.node} could not be stored: ${result.error.message}`, { code: result.error.code });
    const steps = state.intake.settled(batch, result, clock.monotonic());
    if (result.ok && result.value.outcome === 'applied') tell(batch.from, result.value.stored, context);
    reply('ack');
    follow(state, steps, unanswered, context);
  };

  const post = ({ events: told, from, reply }: PostEvents, context: Context): void => {
    const known = store.nodes(from)[0]?.hostname ?? '';
    const named = (event: ToldEvent): EventOf<'log' | 'test' | 'installation'> =>
      event.kind === 'installation' ? { ...event, hostname: event.hostname ?? (known === '' ? from.node : known) } : event;
    context.pipeToSelf(
      store.post({ from, events: told.map(named) }),
      (result) => ({ type: 'posted', from, result, reply }),
      (error) => ({ type: 'posted', from, result: fail('store_unwritable', String(error)), reply }),
    );
  };

  const takeLine = (state: State, context: Context): State => {
    state.cancelTake();
    for (const group of byLane(state.line.take(clock.monotonic()))) {
      const [{ frame }] = group;
      const { from, body } = frame;
      const applied = store.appliedOf(body.stream, body.lane);
      for (const arrived of group) state.arrivals.note(arrived, applied);
      const entries = group.flatMap((arrived) => arrived.frame.body.entries.map((entry) => ({ ...entry, clockOffsetMs: arrived.clockOffsetMs })));
      const reply = (settlement: Settlement): void => group.forEach((arrived) => arrived.reply(settlement));
      follow(state, state.intake.received(from, { ...body, entries }, clock.monotonic()), reply, context);
    }
    return state;
  };

  return {
    name: 'events',
    start(context) {
      context.tell(context.self, { type: 'catchUp' });
      return { intake: new Intake(store), arrivals: new Arrivals(clock), line: new Line(), cancelTake: nothing };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'catchUp':
          catchUp(context);
          return state;
        case 'frame': {
          const isFirst = state.line.add(message);
          if (state.line.isFull) return takeLine(state, context);
          if (!isFirst) return state;
          const waitMs = state.line.waitMs(clock.monotonic());
          if (waitMs > 0) return { ...state, cancelTake: context.later(waitMs, { type: 'take' }) };
          // Behind the frames that wait already. A mailbox that is full has to be emptied first.
          return context.tell(context.self, { type: 'take' }) === 'queued' ? state : takeLine(state, context);
        }
        case 'post':
          post(message, context);
          return state;
        case 'posted':
          endIfFenced(message.result);
          if (message.result.ok) tell(message.from, message.result.value, context);
          else logger.error(`messages of ${message.from.cluster}/${message.from.node} could not be stored: ${message.result.error.message}`, { code: message.result.error.code });
          message.reply(message.result.ok ? ok(message.result.value.length) : message.result);
          return state;
        case 'take':
          return takeLine(state, context);
        case 'stored':
          endIfFenced(message.result);
          stored(state, message.applying, message.result, context);
          return state;
        default:
          return assertNever(message);
      }
    },
  };
};
