// Keeps the node known to the server: registration, phase and heartbeat.
//
//   offline      no broker: nothing is sent.
//   registering  asks to be registered, again and again with a growing pause.
//   registered   sends heartbeats.
//   refused      the server cannot serve this node (no version in common, a stream of another's): asks again slowly.
//   ended        the daemon stops: nothing is sent any more.
//
// A connection leads from offline to registering, its loss back to offline from anywhere; an answer leads to registered or
// refused, and `not_registered` back to registering. The phase moves starting -> ready at the first registration, and to
// stopping at the end. It goes by way of messaging and its outbox; one that could not be kept is reported again, but never
// when it is over. It never waits for the outcome of a publish: what is lost is followed by the next.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { uuid7, type Random } from '../../effects/random.ts';
import { encodeFrame } from '../../protocol/codec.ts';
import type { EventOf, Phase } from '../../protocol/events.ts';
import { wireVersion, type Frame } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { routingKey } from '../../protocol/routing.ts';
import { assertNever, fail, type Result } from '../../protocol/result.ts';
import type { PublishOutcome } from '../../transport/port.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, Reply } from '../ref.ts';
import type { ReportedEvent } from './accept.ts';
import type { NewReport } from './messaging.ts';
import type { AnswerToSync, ConnectionMessage, NodeTransportMessage } from './transport.ts';

export interface NodeFacts {
  readonly instanceId: string;
  readonly hostname: string;
  readonly version: string;
  readonly pid: number;
}

export interface SyncTimes {
  readonly heartbeatMs: number;
  /** First pause before registration is asked again; doubles up to sixteen times this. */
  readonly registerAgainMs: number;
}

export type SyncMessage =
  | ConnectionMessage
  | AnswerToSync
  /** When the daemon is up; answered when it is taken, asked again when it was not. */
  | { readonly type: 'started'; readonly reply: Reply<void> }
  /** Once, when it is about to end; answered when the phase is durable. */
  | { readonly type: 'stopping'; readonly reply: Reply<void> }
  | { readonly type: 'register'; readonly attempt: number }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'report'; readonly event: ReportedEvent }
  | { readonly type: 'reported'; readonly event: ReportedEvent; readonly result: Result<unknown>; readonly done: Reply<void> | undefined }
  | { readonly type: 'sent' };

export interface SyncPorts {
  readonly address: NodeAddress;
  readonly facts: NodeFacts;
  readonly reportsExchange: string;
  readonly transport: ActorRef<NodeTransportMessage>;
  readonly messaging: ActorRef<NewReport>;
  readonly outboxRows: () => number;
  readonly times: SyncTimes;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface State {
  readonly link: 'offline' | 'registering' | 'registered' | 'refused' | 'ended';
  readonly phase: Phase;
  /** Cancels the one timer: the next registration or the next heartbeat. */
  readonly cancel: () => void;
}

const never = (): void => undefined;
const answerTimeoutMs = 15_000;
/** How soon what could not be kept is reported again. */
const reportAgainMs = 10_000;

export const sync = (ports: SyncPorts): ActorDefinition<State, SyncMessage> => {
  const { address, clock, facts, random, times } = ports;
  const startedAt = clock.monotonic();
  type Context = ActorContext<SyncMessage>;

  const publish = (context: Context, route: 'register' | 'heartbeat', frame: Frame, expiresMs: number): void => {
    const message = {
      exchange: ports.reportsExchange,
      routingKey: routingKey({ type: route, ...address }),
      body: encodeFrame(frame),
      messageId: frame.id,
      contentType: 'application/json',
      persistent: false,
      expiresMs,
    };
    const asked = context.ask(ports.transport, (reply: Reply<PublishOutcome>) => ({ type: 'publish', message, reply }) as const, { timeoutMs: answerTimeoutMs });
    context.pipeToSelf(asked, () => ({ type: 'sent' }), () => ({ type: 'sent' }));
  };

  const head = () => ({ v: wireVersion, id: uuid7(clock.now(), random), sentAt: clock.now(), from: address }) as const;

  const report = (context: Context, event: ReportedEvent, done?: Reply<void>): void => {
    const asked = context.ask(ports.messaging, (reply: Reply<Result<void>>) => ({ type: 'report', event, reply }) as const, { timeoutMs: answerTimeoutMs });
    context.pipeToSelf(
      asked,
      (asked) => ({ type: 'reported', event, result: asked.ok ? asked.value : asked, done }),
      (error) => ({ type: 'reported', event, result: fail('internal', String(error)), done }),
    );
  };

  const stamp = (): Pick<EventOf<'phase'>, 'id' | 'at'> => ({ id: uuid7(clock.now(), random), at: clock.now() });

  const enter = (context: Context, phase: Phase, done?: Reply<void>): void => report(context, { kind: 'phase', ...stamp(), phase }, done);

  const register = (state: State, attempt: number, context: Context): State => {
    state.cancel();
    const { instanceId, hostname, version } = facts;
    const body = { instanceId, hostname, version, wire: { min: wireVersion, max: wireVersion } };
    const pauseMs = Math.round(times.registerAgainMs * 2 ** Math.min(attempt, 4) * (0.5 + random.next() / 2));
    publish(context, 'register', { ...head(), kind: 'register', body }, pauseMs);
    return { ...state, cancel: context.later(pauseMs, { type: 'register', attempt: attempt + 1 }) };
  };

  const beat = (state: State, context: Context): State => {
    const body = {
      everyMs: times.heartbeatMs,
      phase: state.phase,
      uptimeMs: Math.round(clock.monotonic() - startedAt),
      outbox: ports.outboxRows(),
    };
    publish(context, 'heartbeat', { ...head(), kind: 'heartbeat', body }, times.heartbeatMs);
    return { ...state, cancel: context.later(times.heartbeatMs, { type: 'heartbeat' }) };
  };

  const answered = (state: State, { frame }: AnswerToSync, context: Context): State => {
    if (state.link === 'offline' || state.link === 'ended') return state;
    if (frame.kind === 'refused') {
      if (frame.body.code === 'not_registered') return register({ ...state, link: 'registering' }, 0, context);
      ports.logger.error(`the server refused this node: ${frame.body.message}`, { code: frame.body.code });
      state.cancel();
      const cancel = context.later(times.registerAgainMs * 16, { type: 'register', attempt: 4 });
      return { ...state, link: 'refused', cancel };
    }
    if (state.link === 'registered') return state;
    state.cancel();
    ports.logger.info(`registered with ${frame.body.server}`, { wire: frame.body.wire });
    if (state.phase === 'starting') enter(context, 'ready');
    return beat({ ...state, link: 'registered', phase: state.phase === 'starting' ? 'ready' : state.phase }, context);
  };

  return {
    name: 'sync',
    start(context) {
      context.tell(ports.transport, { type: 'connection?', observer: context.self });
      return { link: 'offline', phase: 'starting', cancel: never };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'started':
          report(context, { kind: 'node', ...stamp(), ...facts });
          enter(context, 'starting');
          message.reply();
          return state;
        case 'connection':
          if (state.link === 'ended' || message.up === (state.link !== 'offline')) return state;
          if (message.up) return register({ ...state, link: 'registering' }, 0, context);
          state.cancel();
          return { ...state, link: 'offline', cancel: never };
        case 'register':
          // Its timer may have run out when it was too late to cancel it, as may a heartbeat's.
          return state.link === 'registering' || state.link === 'refused' ? register(state, message.attempt, context) : state;
        case 'answer':
          return answered(state, message, context);
        case 'heartbeat':
          return state.link === 'registered' ? beat(state, context) : state;
        case 'stopping':
          state.cancel();
          enter(context, 'stopping', message.reply);
          return { link: 'ended', phase: 'stopping', cancel: never };
        case 'report':
          if (message.event.kind !== 'phase' || message.event.phase === state.phase) report(context, message.event);
          return state;
        case 'reported': {
          const { done, event, result } = message;
          if (!result.ok) {
            ports.logger.warn(`a report could not be kept: ${result.error.message}`, { code: result.error.code });
            if (done === undefined) context.later(reportAgainMs, { type: 'report', event });
          }
          done?.();
          return state;
        }
        case 'sent':
          return state;
        default:
          return assertNever(message);
      }
    },
  };
};
