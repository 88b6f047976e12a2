// Keeps node and server in step: registration, phase and heartbeat, commands of the server, waits for other nodes.
//
//   offline      no broker: nothing is sent.
//   registering  asks to be registered, again and again with a growing pause.
//   registered   sends heartbeats.
//   refused      the server cannot serve this node (no version in common, a stream of another's): asks again slowly.
//   ended        the daemon stops: nothing is sent any more.
//
// A connection leads from offline to registering, its loss back to offline from anywhere; an answer leads to registered or
// refused, and `not_registered` back to registering. The phase is starting until converge enters another, and stopping at the
// end; an incarnation goes on with the phase of the one before it. Its own reports go by way of the node's state
// (announcement.ts), and so do the commands of the server (order-desk.ts). It never waits for the outcome of a publish: what
// is lost is followed by the next.
import { uuid7 } from '../../../effects/random.ts';
import type { Phase } from '../../../protocol/events.ts';
import { assertNever, fail, type Failure, type Result } from '../../../protocol/result.ts';
import type { OutgoingMessage, PublishOutcome } from '../../../transport/port.ts';
import type { ActorContext, ActorDefinition } from '../../definition.ts';
import type { ActorRef, Reply } from '../../ref.ts';
import { Announcement, type AnnouncementMessage, type AnnouncementPorts } from './announcement.ts';
import { brokerAway, BrokerSilence, isAnswered } from './broker-away.ts';
import type { CarryOutPorts } from './carry-out.ts';
import type { ConfigurationKnown, SetConfiguration } from '../config/messages.ts';
import type { PhaseEntered } from '../converge/messages.ts';
import type { RunChecks } from '../health/healthcheck.ts';
import type { TellStanding } from '../keepalive/keepalive.ts';
import type { EndNode } from '../lifecycle/lifecycle.ts';
import { settling } from '../settling-state.ts';
import { OrderDesk, type OrderMessage } from './order-desk.ts';
import type { OrdersPorts } from './orders.ts';
import { Presence, type PresencePorts } from './presence.ts';
import type { AnswerToSync, ConnectionMessage, NodeTransportMessage } from '../transport.ts';
import { renewMs, Waits, type Wait, type WaitedFor } from './waits.ts';

export interface SyncTimes {
  readonly heartbeatMs: number;
  /** First pause before registration is asked again; doubles up to sixteen times this. */
  readonly registerAgainMs: number;
}

export type SyncLink = 'offline' | 'registering' | 'registered' | 'refused' | 'ended';

/** How the node stands with its server. */
export interface SyncView {
  readonly link: SyncLink;
  readonly phase: Phase;
  readonly detail: string | undefined;
}

export interface SyncQuestion {
  readonly type: 'sync?';
  readonly reply: Reply<SyncView>;
}

export interface WaitForNodes {
  readonly type: 'wait';
  readonly wait: Wait;
  readonly reply: Reply<Result<WaitedFor>>;
}

/** Whoever waited has gone. */
export interface WaitNoMore {
  readonly type: 'unwait';
  readonly id: string;
}

export type SyncMessage =
  | ConnectionMessage
  | AnswerToSync
  | PhaseEntered
  | ConfigurationKnown
  | OrderMessage
  | AnnouncementMessage
  | SyncQuestion
  | WaitForNodes
  | WaitNoMore
  | { readonly type: 'waitOver'; readonly id: string }
  | { readonly type: 'renew' }
  /** When the daemon is up; answered when it is taken, asked again when it was not. What it leads to happens once. */
  | { readonly type: 'started'; readonly reply: Reply<void> }
  /** Once, when it is about to end; answered when the phase is durable. */
  | { readonly type: 'stopping'; readonly reply: Reply<void> }
  | { readonly type: 'register'; readonly attempt: number }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'stopped'; readonly result: Result<void>; readonly reply: Reply<void> }
  /** `answered`: the broker has said something of a publish. */
  | { readonly type: 'sent'; readonly answered: boolean };

export interface SyncPorts extends CarryOutPorts, PresencePorts, AnnouncementPorts, OrdersPorts {
  readonly config: ActorRef<SetConfiguration | TellStanding>;
  readonly healthcheck: ActorRef<RunChecks | TellStanding>;
  readonly lifecycle: ActorRef<EndNode | TellStanding>;
  readonly transport: ActorRef<NodeTransportMessage>;
  /** Why nothing reaches the broker, as far as that is known. */
  readonly brokerTrouble: () => Failure | undefined;
  readonly times: SyncTimes;
}

interface State {
  readonly link: SyncLink;
  /** Cancels the one timer: the next registration or the next heartbeat. */
  readonly cancel: () => void;
  readonly desk: OrderDesk;
  readonly waits: Waits;
  readonly silence: BrokerSilence;
  /** A renewal of the waits is due. */
  readonly renewing: boolean;
}

/** What the node is, whichever incarnation says it. */
interface Standing {
  phase: Phase;
  detail: string | undefined;
  configuration: number | undefined;
}

const never = (): void => undefined;
const answerTimeoutMs = 15_000;

export const sync = (ports: SyncPorts): ActorDefinition<State, SyncMessage> => {
  const { clock, random, times } = ports;
  const startedAt = clock.monotonic();
  const standing: Standing = { phase: 'starting', detail: undefined, configuration: undefined };
  const presence = new Presence(ports);
  const memory = settling(ports.state);
  const announcement = new Announcement({ ...ports, state: memory }, () => ({ phase: standing.phase, detail: standing.detail }));
  type Context = ActorContext<SyncMessage>;

  const publish = ({ silence }: Pick<State, 'silence'>, context: Context, message: OutgoingMessage): void => {
    silence.asked(clock.monotonic());
    const asked = context.ask(ports.transport, (reply: Reply<PublishOutcome>) => ({ type: 'publish', message, reply }) as const, { timeoutMs: answerTimeoutMs });
    const sent = (answered: boolean): SyncMessage => ({ type: 'sent', answered });
    context.pipeToSelf(asked, (outcome) => sent(outcome.ok && isAnswered(outcome.value)), () => sent(false));
  };

  const register = (state: State, attempt: number, context: Context): State => {
    state.cancel();
    const pauseMs = Math.round(times.registerAgainMs * 2 ** Math.min(attempt, 4) * (0.5 + random.next() / 2));
    publish(state, context, presence.register(standing.configuration, standing.phase, pauseMs));
    return { ...state, link: 'registering', cancel: context.later(pauseMs, { type: 'register', attempt: attempt + 1 }) };
  };

  const beat = (state: State, context: Context): State => {
    const { phase, configuration } = standing;
    const uptimeMs = Math.round(clock.monotonic() - startedAt);
    publish(state, context, presence.heartbeat({ everyMs: times.heartbeatMs, phase, uptimeMs, outbox: ports.outboxRows(), configuration }));
    state.cancel();
    return { ...state, cancel: context.later(times.heartbeatMs, { type: 'heartbeat' }) };
  };

  /** At once when something changed that the server should not learn only a heartbeat later. */
  const tellNow = (state: State, context: Context): State => (state.link === 'registered' ? beat(state, context) : state);

  const watchAll = (state: State, context: Context): void => {
    if (state.link === 'registered') for (const wait of state.waits.all) publish(state, context, presence.watch(wait));
  };

  const answered = (state: State, { arrival, frame }: AnswerToSync, context: Context): State => {
    if (state.link === 'offline' || state.link === 'ended') return state;
    switch (frame.kind) {
      case 'command':
        state.desk.take(frame, arrival, context);
        return state;
      case 'watched':
        if (state.waits.watched(frame.body)) publish(state, context, presence.unwatch(frame.body.watch));
        return state;
      case 'refused': {
        if (frame.body.code === 'not_registered') return register(state, 0, context);
        ports.logger.error(`the server refused this node: ${frame.body.message}`, { code: frame.body.code });
        state.cancel();
        return { ...state, link: 'refused', cancel: context.later(times.registerAgainMs * 16, { type: 'register', attempt: 4 }) };
      }
      case 'registered': {
        if (state.link === 'registered') return state;
        ports.logger.info(`registered with ${frame.body.server}`, { wire: frame.body.wire });
        if (frame.body.tellAll === true) announcement.unknown(context);
        const registered = beat({ ...state, link: 'registered' }, context);
        watchAll(registered, context);
        return registered;
      }
      default:
        return assertNever(frame);
    }
  };

  const renewLater = (state: State, context: Context): State => {
    if (state.renewing || state.waits.all.length === 0) return state;
    context.later(renewMs, { type: 'renew' });
    return { ...state, renewing: true };
  };

  const wait = (state: State, { reply, wait }: WaitForNodes, context: Context): State => {
    const cancelTimer = context.later(wait.timeoutMs, { type: 'waitOver', id: wait.id });
    if (!state.waits.add(wait, reply, cancelTimer)) return state;
    if (state.link === 'registered') publish(state, context, presence.watch(wait));
    return renewLater(state, context);
  };

  return {
    name: 'sync',
    start(context) {
      context.tell(ports.transport, { type: 'connection?', observer: context.self });
      announcement.resume(context);
      const desk = new OrderDesk({ ...ports, state: memory });
      desk.begin(context);
      return { link: 'offline', cancel: never, desk, waits: new Waits(), silence: new BrokerSilence(), renewing: false };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'started':
          announcement.started(context);
          message.reply();
          return state;
        case 'announce':
        case 'announced':
          announcement.receive(message, context);
          return state;
        case 'phase':
          if (state.link === 'ended') return state;
          standing.phase = message.phase;
          standing.detail = message.detail;
          return tellNow(state, context);
        case 'configured':
          if (standing.configuration === message.revision) return state;
          standing.configuration = message.revision;
          return tellNow(state, context);
        case 'connection':
          if (state.link === 'ended' || message.up === (state.link !== 'offline')) return state;
          if (message.up) return register(state, 0, context);
          state.cancel();
          return { ...state, link: 'offline', cancel: never };
        case 'register':
          // Its timer may have run out when it was too late to cancel it, as may a heartbeat's.
          return state.link === 'registering' || state.link === 'refused' ? register(state, message.attempt, context) : state;
        case 'answer':
          state.silence.heard();
          return answered(state, message, context);
        case 'heartbeat':
          return tellNow(state, context);
        case 'wait':
          return wait(state, message, context);
        case 'waitOver': {
          const away = brokerAway(ports.brokerTrouble(), state.link, state.silence.isLong(clock.monotonic()));
          if (state.waits.expire(message.id, away)) publish(state, context, presence.unwatch(message.id));
          return state;
        }
        case 'unwait':
          if (state.waits.giveUp(message.id)) publish(state, context, presence.unwatch(message.id));
          return state;
        case 'renew':
          watchAll(state, context);
          return renewLater({ ...state, renewing: false }, context);
        case 'sync?':
          message.reply({ link: state.link, phase: standing.phase, detail: standing.detail });
          return state;
        case 'stopping': {
          const { reply } = message;
          state.cancel();
          standing.phase = 'stopping';
          standing.detail = undefined;
          const event = { kind: 'phase', id: uuid7(clock.now(), random), at: clock.now(), phase: 'stopping' } as const;
          const done = (result: Result<void>): SyncMessage => ({ type: 'stopped', result, reply });
          context.pipeToSelf(memory.change([], [{ event, trace: context.trace }]), done, (error) => done(fail('internal', String(error))));
          return { ...state, link: 'ended', cancel: never };
        }
        case 'stopped':
          if (message.result.ok) context.tell(ports.messaging, { type: 'pending' });
          else ports.logger.warn(`a report could not be kept: ${message.result.error.message}`, { code: message.result.error.code });
          message.reply();
          return state;
        case 'sent':
          if (message.answered) state.silence.heard();
          return state;
        default:
          state.desk.receive(message, context);
          return state;
      }
    },
    release: () => memory.settled(),
  };
};
