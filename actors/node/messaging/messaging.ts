// Takes what is to be told, makes it durable, and sees it to the server.
//
// A message is accepted when the outbox has committed it, and only then is the asker told. From there the sender (a state
// machine over the outbox) says what to publish; this actor gathers for a few milliseconds, has the transport publish, and
// tells the sender how it went.
//
// States: `down` (no broker: it accepts, and publishes nothing) and `up`. From `down` to `up` everything unapplied is sent
// again, for what was under way may or may not have arrived. A successor reads the outbox anew and does the same; what
// arrives twice has the same sequence, and the server drops it. It keeps no message but in the outbox.
import type { Clock } from '../../../effects/clock.ts';
import type { Logger } from '../../../effects/logger.ts';
import type { Random } from '../../../effects/random.ts';
import { assertNever, fail, ok, type Result } from '../../../protocol/result.ts';
import type { PublishOutcome } from '../../../transport/port.ts';
import type { SpanHandle } from '../../../telemetry/span.ts';
import { failureOf } from '../../broker-link.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef, AskResult, Reply } from '../../ref.ts';
import { acceptEvents, acceptRequest, endAll, type Acceptance, type MessageRequest, type ReportedEvent } from './accept.ts';
import { movePending } from './pending.ts';
import type { Outbox } from './ports.ts';
import { eventsPublication, userPublication, type Destination, type Publication } from './publication.ts';
import { Sender, type EventBatch, type UserRow } from './sender.ts';
import type { NodeState } from '../state.ts';
import type { AnswerToMessaging, ConnectionMessage, NodeTransportMessage } from '../transport.ts';

export interface NewReport {
  readonly type: 'report';
  readonly event: ReportedEvent;
  readonly reply: Reply<Result<void>>;
}

/** Reports that are accepted together: appended in this order in one commit, all of them or none, with one answer. */
export interface NewReports {
  readonly type: 'reports';
  readonly events: readonly ReportedEvent[];
  readonly reply: Reply<Result<void>>;
}

/** There are reports in the node's state that the outbox does not have. */
export interface DrainPending {
  readonly type: 'pending';
}

export interface AcceptRequest {
  readonly type: 'accept';
  readonly request: MessageRequest;
  readonly reply: Reply<Result<void>>;
}

export type MessagingMessage =
  | NewReport
  | NewReports
  | AcceptRequest
  | DrainPending
  | ConnectionMessage
  | AnswerToMessaging
  /** Answered when nothing accepted so far waits for the broker or the server. */
  | { readonly type: 'flush'; readonly reply: Reply<void> }
  | { readonly type: 'durable' }
  | { readonly type: 'moved'; readonly result: Result<number> }
  | { readonly type: 'pump' }
  | { readonly type: 'published'; readonly batch: EventBatch; readonly outcome: PublishOutcome }
  | { readonly type: 'publishedToUser'; readonly row: UserRow; readonly outcome: PublishOutcome }
  | { readonly type: 'done'; readonly result: Result<unknown> };

export interface MessagingPorts {
  readonly outbox: Outbox;
  readonly state: NodeState;
  readonly destination: Destination;
  readonly transport: ActorRef<NodeTransportMessage>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface State {
  readonly sender: Sender;
  readonly up: boolean;
  /** No queue is bound for reports, and that was said. */
  readonly untaken: boolean;
  /** A pump is due shortly: what is accepted until then travels with it. */
  readonly gathering: boolean;
  /** A pump waits in the mailbox: what is heard until then, such as the confirms of one write of the broker's, is acted on together. */
  readonly pumping: boolean;
  /** Cancels the timer after which unanswered events are sent again. */
  readonly cancelWake: () => void;
  readonly flushers: ReadonlyArray<Reply<void>>;
  /** Reports are on their way from the state to the outbox; `more` when others have come since. */
  readonly moving: { readonly more: boolean } | undefined;
}

/** How long accepted events are gathered for one publish, milliseconds: the largest lever on throughput there is. */
const gatherMs = 5;
/** The transport answers every publish within its confirm time-out; this only bounds a transport that is being replaced. */
const publishTimeoutMs = 30_000;
/** How soon reports that the outbox could not take are tried again. */
const moveAgainMs = 10_000;

const idle = (): void => undefined;

const alone = <T>(one: Result<T>): Result<readonly T[]> => (one.ok ? ok([one.value]) : one);

const outcomeOf = (asked: AskResult<PublishOutcome>): PublishOutcome => (asked.ok ? asked.value : { outcome: 'closed' });

const endSpan = (span: SpanHandle, outcome: PublishOutcome): void => {
  const failure = failureOf(outcome);
  if (failure !== undefined) span.fail(failure);
  span.end();
};

export const messaging = (ports: MessagingPorts): ActorDefinition<State, MessagingMessage> => {
  const { clock, destination, logger, outbox, random } = ports;
  type Context = ActorContext<MessagingMessage>;

  const accept = (accepted: Result<readonly Acceptance[]>, reply: Reply<Result<void>>, context: Context): void => {
    if (!accepted.ok) {
      reply(accepted);
      return;
    }
    const acceptances = accepted.value;
    const settle = (result: Result<unknown>): MessagingMessage => {
      endAll(acceptances, result.ok ? undefined : result.error.code);
      reply(result.ok ? ok(undefined) : result);
      return { type: 'durable' };
    };
    const entries = acceptances.map(({ entry }) => entry);
    context.pipeToSelf(outbox.append(entries), settle, (error) => settle(fail('outbox_unwritable', String(error))));
  };

  const publish = (context: Context, { message, span }: Publication, done: (outcome: PublishOutcome) => MessagingMessage): void => {
    const asked = context.ask(ports.transport, (reply: Reply<PublishOutcome>) => ({ type: 'publish', message, reply }) as const, {
      timeoutMs: publishTimeoutMs,
      trace: span.trace,
    });
    const settle = (outcome: PublishOutcome): MessagingMessage => {
      endSpan(span, outcome);
      return done(outcome);
    };
    context.pipeToSelf(asked, (result) => settle(outcomeOf(result)), () => settle({ outcome: 'closed' }));
  };

  const pump = (state: State, context: Context): State => {
    state.cancelWake();
    if (!state.up) return { ...state, gathering: false, pumping: false, cancelWake: idle };
    const { sender } = state;
    for (let batch = sender.next(clock.monotonic()); batch !== undefined; batch = sender.next(clock.monotonic())) {
      const sent = batch;
      publish(context, eventsPublication(destination, sent, sent.rows, clock, random), (outcome) => ({ type: 'published', batch: sent, outcome }));
    }
    for (let row = sender.nextUser(clock.monotonic()); row !== undefined; row = sender.nextUser(clock.monotonic())) {
      const sent = row;
      publish(context, userPublication(destination, sent.row), (outcome) => ({ type: 'publishedToUser', row: sent, outcome }));
    }
    const wakeAt = sender.wakeAt();
    const cancelWake = wakeAt === undefined ? idle : context.later(Math.max(0, wakeAt - clock.monotonic()), { type: 'pump' });
    return { ...state, gathering: false, pumping: false, cancelWake };
  };

  /** Pumps behind the messages that wait already. A mailbox that is full has to be emptied first. */
  const soon = (state: State, context: Context): State => {
    if (state.pumping) return state;
    return context.tell(context.self, { type: 'pump' }) === 'queued' ? { ...state, pumping: true } : pump(state, context);
  };

  const gather = (state: State, context: Context): State => {
    if (state.gathering || !state.up) return state;
    context.later(gatherMs, { type: 'pump' });
    return { ...state, gathering: true };
  };

  /** Sees to it that a change of the outbox is acted on, or a failed one told. */
  const finish = (context: Context, work: Promise<Result<unknown>>): void =>
    context.pipeToSelf(work, (result) => ({ type: 'done', result }), (error) => ({ type: 'done', result: fail('outbox_unwritable', String(error)) }));

  /** Says once that nobody takes reports, however many are returned, and once that they are taken again. */
  const noteTaken = (state: State, outcome: PublishOutcome['outcome']): State => {
    if (outcome === 'unroutable' && !state.untaken) {
      logger.warn('no server takes reports yet: no queue is bound for them', { code: 'unroutable' });
      return { ...state, untaken: true };
    }
    if (outcome === 'confirmed' && state.untaken) {
      logger.info('reports are taken again');
      return { ...state, untaken: false };
    }
    return state;
  };

  const move = (state: State, context: Context): State => {
    if (state.moving !== undefined) return { ...state, moving: { more: true } };
    context.pipeToSelf(movePending(ports), (result) => ({ type: 'moved', result }), (error) => ({ type: 'moved', result: fail('internal', String(error)) }));
    return { ...state, moving: { more: false } };
  };

  const moved = (state: State, result: Result<number>, context: Context): State => {
    const more = state.moving?.more === true;
    const still = { ...state, moving: undefined };
    if (!result.ok) {
      logger.warn(`reports wait to be kept: ${result.error.message}`, { code: result.error.code });
      context.later(moveAgainMs, { type: 'pending' });
      return still;
    }
    return more ? move(still, context) : gather(answerFlushers(still), context);
  };

  const answerFlushers = (state: State): State => {
    if (state.flushers.length === 0 || outbox.depth().rows > 0 || state.moving !== undefined) return state;
    for (const reply of state.flushers) reply();
    return { ...state, flushers: [] };
  };

  return {
    name: 'messaging',
    start(context) {
      context.tell(ports.transport, { type: 'connection?', observer: context.self });
      context.tell(context.self, { type: 'pending' });
      return { sender: new Sender({ outbox, clock, random }), up: false, untaken: false, gathering: false, pumping: false, cancelWake: idle, flushers: [], moving: undefined };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'report':
          accept(acceptEvents([message.event], context.trace), message.reply, context);
          return state;
        case 'reports':
          accept(acceptEvents(message.events, context.trace), message.reply, context);
          return state;
        case 'accept':
          accept(alone(acceptRequest(message.request, context.trace, destination.userExchange)), message.reply, context);
          return state;
        case 'durable':
          return gather(state, context);
        case 'pending':
          return move(state, context);
        case 'moved':
          return moved(state, message.result, context);
        case 'connection':
          if (message.up && !state.up) state.sender.connected();
          return pump({ ...state, up: message.up }, context);
        case 'pump':
          return pump(state, context);
        case 'published': {
          const { batch, outcome } = message;
          state.sender.settled(batch, outcome.outcome, clock.monotonic());
          return soon(noteTaken(state, outcome.outcome), context);
        }
        case 'publishedToUser':
          finish(context, state.sender.settledUser(message.row, message.outcome.outcome, clock.monotonic()));
          return state;
        case 'answer': {
          const { body, kind } = message.frame;
          if (body.lane !== 'report') return state;
          if (kind === 'resend') {
            state.sender.resend(body.stream, body.from, body.to);
            return pump(state, context);
          }
          finish(context, state.sender.applied(body.stream, body.sequence));
          return state;
        }
        case 'done':
          if (!message.result.ok) logger.error(`the outbox could not be updated: ${message.result.error.message}`, { code: message.result.error.code });
          return soon(answerFlushers(state), context);
        case 'flush':
          return answerFlushers({ ...state, flushers: [...state.flushers, message.reply] });
        default:
          return assertNever(message);
      }
    },
  };
};
