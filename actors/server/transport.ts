// The server's bridge to the broker: event frames go to `events` and are settled when the store has them; registrations
// and heartbeats go to `roster`, watches to `orchestrator`; what nodes are told is published.
//
// States are the transport's own; a refusal that no reconnect can mend is a crash. It never decides what an event means, it
// believes no sender whose routing key names another or for whom the broker does not vouch (vouching.ts), and it never
// acknowledges a frame of events before `events` has answered: unsettled ones come again, to this server or another.
import type { Clock } from '../../effects/clock.ts';
import type { Logger } from '../../effects/logger.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import type { Frame, FrameOf } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { limits } from '../../protocol/limits.ts';
import { assertNever, fail, ok, type Failure, type Result } from '../../protocol/result.ts';
import { parseRoutingKey } from '../../protocol/routing.ts';
import type { TraceContext } from '../../protocol/trace.ts';
import { extractTrace } from '../../telemetry/trace-carrier.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Delivery, Settlement, Transport, TransportStatus } from '../../transport/port.ts';
import { BrokerLink, noteStatus } from '../broker-link.ts';
import { countStatuses } from '../transport-counts.ts';
import type { ActorContext, ActorDefinition } from '../definition.ts';
import type { ActorRef, Reply } from '../ref.ts';
import type { SetPolicies } from './broker-work.ts';
import { publishToNode } from './to-node.ts';
import { Vouching, type VouchingPorts } from './vouching.ts';

/** Frames with the sender checked against the routing key that the broker let it use. */
export type FrameFrom<K extends 'events' | 'register' | 'heartbeat' | 'watch'> = FrameOf<K> & { readonly from: NodeAddress };

export interface EventsArrived {
  readonly type: 'frame';
  readonly frame: FrameFrom<'events'>;
  /** Of its body. */
  readonly bytes: number;
  /** What makes a time by the clock of its node one by the server's, milliseconds, as far as that can be known. */
  readonly clockOffsetMs: number;
  readonly delivery: Pick<Delivery, 'exchange' | 'routingKey' | 'queue' | 'redelivered'>;
  /** The batch's publish span. */
  readonly publication: TraceContext | undefined;
  readonly reply: Reply<Settlement>;
}

export interface PresenceArrived {
  readonly type: 'presence';
  readonly frame: FrameFrom<'register'> | FrameFrom<'heartbeat'>;
}

export interface WatchArrived {
  readonly type: 'watch';
  readonly frame: FrameFrom<'watch'>;
}

/** What is said to one node. Transient: what is lost is asked for, or sent, again. */
export interface AnswerNode {
  readonly type: 'answer';
  readonly to: NodeAddress;
  readonly frame: Extract<Frame, { kind: 'applied' | 'resend' | 'registered' | 'refused' | 'configuration' | 'command' | 'watched' }>;
}

export type ServerTransportMessage =
  | AnswerNode
  | { readonly type: 'status'; readonly status: TransportStatus }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'consuming' };

export interface ServerTransportPorts extends VouchingPorts {
  readonly open: () => Transport;
  readonly queues: { readonly reports: string; readonly presence: string };
  readonly commandsExchange: string;
  readonly events: ActorRef<EventsArrived>;
  readonly roster: ActorRef<PresenceArrived>;
  readonly orchestrator: ActorRef<WatchArrived>;
  /** Told whenever the broker was reached anew. */
  readonly enrolment: ActorRef<SetPolicies>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface State {
  readonly link: BrokerLink;
}

/** Frames of events that may wait for the store at a time, in bytes: a broker counts frames alone, so each counts as the largest there may be. */
const unstoredBytes = 512 * 1024 * 1024;
export const reportsPrefetch = unstoredBytes / limits.frame;
const presencePrefetch = 500;
/** What comes so soon after the broker was reached may have waited for that in the queue. */
const waitedMs = 60_000;
const applyTimeoutMs = 60_000;

export const serverTransport = (ports: ServerTransportPorts): ActorDefinition<State, ServerTransportMessage> => {
  const { clock, logger, metrics } = ports;
  const vouching = new Vouching(ports);
  /** Monotonic milliseconds. */
  let reachedAt = clock.monotonic();
  type Context = ActorContext<ServerTransportMessage>;

  const refuse = ({ code, message }: Failure, { queue }: Delivery): Settlement => {
    metrics.processed(queue, 0, code);
    if (code !== 'identity_refused') logger.warn(`a frame was refused: ${message}`, { code, queue });
    return 'reject';
  };

  const misplaced = ({ kind }: Frame): Failure => fail('frame_corrupt', `a ${kind} frame has no business in this queue`).error;

  /** The frame, if it is readable and comes from the node whose routing key it used. */
  const open = (delivery: Delivery): Result<{ readonly frame: Frame; readonly from: NodeAddress }> => {
    const { body, routingKey } = delivery;
    const decoded = decodeFrame(body);
    if (!decoded.ok) return decoded;
    const frame = decoded.value;
    const { from } = frame;
    const route = parseRoutingKey(routingKey);
    if (route !== undefined && route.type !== 'cluster' && from?.cluster === route.cluster && from.node === route.node) {
      const vouched = vouching.vouch(delivery, from);
      return vouched.ok ? ok({ frame, from }) : vouched;
    }
    return fail('frame_corrupt', `its sender is not who may use the routing key ${JSON.stringify(routingKey)}`);
  };

  /** A frame that was not long on its way says by its time how far the clock of its node is off. Of one that may have been, its node is believed, but for what is yet to be. */
  const offsetOf = ({ sentAt }: Frame): number => {
    const offset = clock.now() - sentAt;
    return clock.monotonic() - reachedAt < waitedMs ? Math.min(0, offset) : offset;
  };

  const takeReport = async (context: Context, delivery: Delivery): Promise<Settlement> => {
    const opened = open(delivery);
    if (!opened.ok) return refuse(opened.error, delivery);
    const { frame, from } = opened.value;
    if (frame.kind !== 'events') return refuse(misplaced(frame), delivery);
    const { exchange, headers, queue, redelivered, routingKey } = delivery;
    // Its bytes end here: what is handed on may be kept for as long as an event waits for others.
    const arrived = { frame: { ...frame, from }, bytes: delivery.body.length, clockOffsetMs: offsetOf(frame), delivery: { exchange, queue, redelivered, routingKey }, publication: extractTrace(headers) };
    const settled = await context.ask(
      ports.events,
      (reply: Reply<Settlement>) => ({ type: 'frame', ...arrived, reply }) as const,
      { timeoutMs: applyTimeoutMs },
    );
    return settled.ok ? settled.value : 'requeue';
  };

  const takePresence = (context: Context, delivery: Delivery): Settlement => {
    const startedAt = clock.monotonic();
    const taken = (): Settlement => {
      metrics.processed(delivery.queue, clock.monotonic() - startedAt, undefined);
      return 'ack';
    };
    const opened = open(delivery);
    if (!opened.ok) return refuse(opened.error, delivery);
    const { frame, from } = opened.value;
    switch (frame.kind) {
      case 'register':
      case 'heartbeat':
        context.tell(ports.roster, { type: 'presence', frame: { ...frame, from } });
        return taken();
      case 'watch':
        context.tell(ports.orchestrator, { type: 'watch', frame: { ...frame, from } });
        return taken();
      default:
        return refuse(misplaced(frame), delivery);
    }
  };

  return {
    name: 'transport',
    start(context) {
      const transport = ports.open();
      countStatuses(transport, metrics);
      transport.onStatus((status) => context.tell(context.self, { type: 'status', status }));
      const consuming = Promise.all([
        transport.consume(ports.queues.reports, { prefetch: reportsPrefetch }, (delivery) => takeReport(context, delivery)),
        transport.consume(ports.queues.presence, { prefetch: presencePrefetch }, (delivery) => takePresence(context, delivery)),
      ]);
      context.pipeToSelf(consuming, () => ({ type: 'consuming' }), (error) => ({ type: 'failed', error }));
      return { link: new BrokerLink(transport, ports) };
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'answer':
          publishToNode(message, ports.commandsExchange, state.link);
          return state;
        case 'status':
          noteStatus(message.status, logger);
          if (message.status.type !== 'connected') return state;
          reachedAt = clock.monotonic();
          context.tell(ports.enrolment, { type: 'policies' });
          return state;
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
