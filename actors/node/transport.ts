// The node's bridge to the broker: owns the connection, turns frames from the command queue into messages, and messages
// into publishes.
//
// States: `down` (also while the broker takes no publishes) and `up`; observers are told of every change. A connection that
// was lost is told even when it is back by then, for what was under way on it has to be sent again. It never keeps a
// message that was not confirmed: the outbox does, and an asker who hears `closed` or `unconfirmed` asks again.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { FrameOf } from '../../protocol/frames.ts';
import { assertNever } from '../../protocol/result.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { extractTrace } from '../../telemetry/trace-carrier.ts';
import type { Delivery, OutgoingMessage, PublishOutcome, Settlement, Transport, TransportStatus } from '../../transport/port.ts';
import { BrokerLink, noteStatus } from '../broker-link.ts';
import { countStatuses } from '../transport-counts.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, Reply } from '../ref.ts';
import type { CommandArrival } from './sync/command-span.ts';

/** Told to observers: whether publishes reach a broker. */
export interface ConnectionMessage {
  readonly type: 'connection';
  readonly up: boolean;
}

export interface AnswerToMessaging {
  readonly type: 'answer';
  readonly frame: FrameOf<'applied'> | FrameOf<'resend'>;
}

export interface AnswerToSync {
  readonly type: 'answer';
  readonly frame: FrameOf<'registered'> | FrameOf<'refused'> | FrameOf<'command'> | FrameOf<'watched'>;
  /** How a command came. */
  readonly arrival?: CommandArrival;
}

export interface AnswerToConfig {
  readonly type: 'answer';
  readonly frame: FrameOf<'configuration'>;
}

export type NodeTransportMessage =
  | { readonly type: 'publish'; readonly message: OutgoingMessage; readonly reply: Reply<PublishOutcome> }
  /** An observer that has just started asks how things stand. */
  | { readonly type: 'connection?'; readonly observer: ActorRef<ConnectionMessage> }
  | { readonly type: 'status'; readonly status: TransportStatus }
  | { readonly type: 'consuming' }
  | { readonly type: 'failed'; readonly error: unknown };

export interface NodeTransportPorts {
  readonly open: () => Transport;
  readonly commandQueue: string;
  readonly messaging: ActorRef<AnswerToMessaging | ConnectionMessage>;
  readonly sync: ActorRef<AnswerToSync | ConnectionMessage>;
  readonly config: ActorRef<AnswerToConfig>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface State {
  readonly link: BrokerLink;
  readonly up: boolean;
}

/** Answers from the server waiting to be handled: small, and sent again when lost. */
const prefetch = 200;

export const nodeTransport = (ports: NodeTransportPorts): ActorDefinition<State, NodeTransportMessage> => {
  const { clock, config, logger, messaging, metrics, sync } = ports;
  // Encoded names hold no dot.
  const template = ports.commandQueue.replace(/[^.]+\.[^.]+$/, '{cluster}.{node}');
  const observers: ReadonlyArray<ActorRef<ConnectionMessage>> = [messaging, sync];

  const settled = (startedAt: number, failure: ErrorCode | undefined): Settlement => {
    metrics.processed(template, clock.monotonic() - startedAt, failure);
    return failure === undefined ? 'ack' : 'reject';
  };

  const arrivalOf = ({ body, exchange, headers, queue, redelivered, routingKey }: Delivery): CommandArrival => ({
    delivery: { exchange, queue, template, redelivered, routingKey, size: body.length },
    publication: extractTrace(headers),
  });

  const take = (context: ActorContext<NodeTransportMessage>, delivery: Delivery): Settlement => {
    const startedAt = clock.monotonic();
    const decoded = decodeFrame(delivery.body);
    if (!decoded.ok) {
      logger.warn(`a frame from the server was refused: ${decoded.error.message}`, { code: decoded.error.code });
      return settled(startedAt, decoded.error.code);
    }
    const frame = decoded.value;
    switch (frame.kind) {
      case 'applied':
      case 'resend':
        context.tell(messaging, { type: 'answer', frame });
        return settled(startedAt, undefined);
      case 'configuration':
        context.tell(config, { type: 'answer', frame });
        return settled(startedAt, undefined);
      case 'command':
        context.tell(sync, { type: 'answer', frame, arrival: arrivalOf(delivery) });
        return settled(startedAt, undefined);
      case 'registered':
      case 'refused':
      case 'watched':
        context.tell(sync, { type: 'answer', frame });
        return settled(startedAt, undefined);
      case 'events':
      case 'register':
      case 'heartbeat':
      case 'watch':
        logger.warn(`a ${frame.kind} frame came to a node; it is meant for a server`);
        return settled(startedAt, 'frame_corrupt');
      default:
        return assertNever(frame);
    }
  };

  const heed = (state: State, up: boolean, context: ActorContext<NodeTransportMessage>): State => {
    if (up === state.up) return state;
    for (const observer of observers) context.tell(observer, { type: 'connection', up });
    return { ...state, up };
  };

  return {
    name: 'transport',
    start(context) {
      const transport = ports.open();
      countStatuses(transport, metrics);
      transport.onStatus((status) => context.tell(context.self, { type: 'status', status }));
      context.pipeToSelf(
        transport.consume(ports.commandQueue, { prefetch }, (delivery) => take(context, delivery)),
        () => ({ type: 'consuming' }),
        (error) => ({ type: 'failed', error }),
      );
      for (const observer of observers) context.tell(observer, { type: 'connection', up: false });
      return { link: new BrokerLink(transport, ports), up: false };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'publish':
          void state.link.publish(message.message).then(message.reply);
          return state;
        case 'connection?':
          context.tell(message.observer, { type: 'connection', up: state.up });
          return state;
        case 'status':
          noteStatus(message.status, logger);
          return heed(state, message.status.type !== 'disconnected' && state.link.up, context);
        case 'consuming':
          return state;
        case 'failed':
          throw message.error;
        default:
          return assertNever(message);
      }
    },
    drain: (state) => state.link.drain(),
    release: (state) => state.link.transport.close(),
  };
};
