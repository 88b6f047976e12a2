// Keeps the node known to the server: registration, phase and heartbeat.
//
// States: `offline` (no broker), `registering` (asks again with a growing pause until answered), `registered` (heartbeats),
// `refused` (the server speaks no version of ours: asks again slowly, and says so). A lost connection leads back to
// `offline` from anywhere. The phase moves starting → ready at the first registration and to stopping once, at the end.
// It never reports a phase that is not durable: phases go through messaging and its outbox.
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
  /** Once, when the daemon is up. */
  | { readonly type: 'started' }
  /** Once, when it is about to end; answered when the phase is durable. */
  | { readonly type: 'stopping'; readonly reply: Reply<void> }
  | { readonly type: 'register'; readonly attempt: number }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'reported'; readonly result: Result<unknown>; readonly done: Reply<void> | undefined }
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
  readonly link: 'offline' | 'registering' | 'registered' | 'refused';
  readonly phase: Phase;
  /** Cancels the one timer: the next registration or the next heartbeat. */
  readonly cancel: () => void;
}

const never = (): void => undefined;
const answerTimeoutMs = 15_000;

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
    // Nothing hangs on the outcome: an unanswered registration and a missed heartbeat are followed by the next one.
    context.pipeToSelf(asked, () => ({ type: 'sent' }), () => ({ type: 'sent' }));
  };

  const head = () => ({ v: wireVersion, id: uuid7(clock.now(), random), sentAt: clock.now(), from: address }) as const;

  const report = (context: Context, event: NewReport['event'], done?: Reply<void>): void => {
    const asked = context.ask(ports.messaging, (reply: Reply<Result<void>>) => ({ type: 'report', event, reply }) as const, { timeoutMs: answerTimeoutMs });
    context.pipeToSelf(
      asked,
      (asked) => ({ type: 'reported', result: asked.ok ? asked.value : asked, done }),
      (error) => ({ type: 'reported', result: fail('internal', String(error)), done }),
    );
  };

  const stamp = (): Pick<EventOf<'phase'>, 'id' | 'at'> => ({ id: uuid7(clock.now(), random), at: clock.now() });

  const enter = (context: Context, phase: Phase, done?: Reply<void>): void =>
    report(context, { kind: 'phase', ...stamp(), phase }, done);

  const register = (state: State, attempt: number, context: Context): State => {
    state.cancel();
    const { instanceId, hostname, version } = facts;
    const body = { instanceId, hostname, version, wire: { min: wireVersion, max: wireVersion } };
    const pauseMs = times.registerAgainMs * 2 ** Math.min(attempt, 4) * (0.5 + random.next() / 2);
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
    if (state.link === 'offline') return state;
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
          return state;
        case 'connection':
          if (!message.up) {
            state.cancel();
            return { ...state, link: 'offline', cancel: never };
          }
          return state.link === 'offline' ? register({ ...state, link: 'registering' }, 0, context) : state;
        case 'register':
          return state.link === 'offline' ? state : register(state, message.attempt, context);
        case 'answer':
          return answered(state, message, context);
        case 'heartbeat':
          return state.link === 'registered' ? beat(state, context) : state;
        case 'stopping':
          state.cancel();
          enter(context, 'stopping', message.reply);
          return { ...state, phase: 'stopping', cancel: never };
        case 'reported':
          if (!message.result.ok) ports.logger.warn(`a report could not be kept: ${message.result.error.message}`);
          message.done?.();
          return state;
        case 'sent':
          return state;
        default:
          return assertNever(message);
      }
    },
  };
};
