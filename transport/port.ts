// The transport as everything above sees it. Adapters: amqp/ (RabbitMQ), embedded/ (a broker in this process), faulty/
// (wraps either). One suite, contract/, holds them all to the promises written here.
import type { ErrorCode } from '../protocol/errors.ts';
import type { Topology } from './topology.ts';

export type HeaderValue = string | number | boolean;

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly messageId: string;
  /** What kind of message it is, for whoever reads the queue: a frame's kind, `send`. */
  readonly type?: string;
  readonly contentType?: string;
  readonly correlationId?: string;
  readonly headers?: Readonly<Record<string, HeaderValue>>;
  /** Whether the broker must keep it over a restart. */
  readonly persistent: boolean;
  /** The broker may throw it away when it has waited this long in a queue, milliseconds. */
  readonly expiresMs?: number;
}

/**
 * What became of a publish. Every publish is mandatory and confirmed: `confirmed` means a queue has it; `unroutable`
 * that no queue is bound; `nacked` that the broker refused; `unconfirmed` (time-out) and `closed` leave the outcome
 * unknown, so the same message is published again under the same id.
 */
export type PublishOutcome =
  | { readonly outcome: 'confirmed' }
  | { readonly outcome: 'unroutable' }
  | { readonly outcome: 'nacked' }
  | { readonly outcome: 'unconfirmed' }
  | { readonly outcome: 'closed' };

/** `ack`: done. `requeue`: deliver again, at most up to the queue's delivery limit. `reject`: to the dead-letter exchange at once. */
export type Settlement = 'ack' | 'requeue' | 'reject';

export interface Delivery {
  /** Always bytes, never an object of the sender's. */
  readonly body: Uint8Array;
  readonly exchange: string;
  readonly routingKey: string;
  readonly queue: string;
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly contentType: string | undefined;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly redelivered: boolean;
  /** The broker's user that published it, which the broker has checked; undefined when the publisher named none. */
  readonly userId: string | undefined;
}

/**
 * Decides what becomes of a delivery. A handler that throws or rejects counts as `requeue`, harms neither its consumer nor
 * any other, and is reported as a `handlerFailed` status.
 */
export type DeliveryHandler = (delivery: Delivery) => Settlement | Promise<Settlement>;

export interface ConsumeOptions {
  /** Deliveries that may be unsettled at a time. */
  readonly prefetch: number;
}

export interface Subscription {
  /** Takes no more deliveries, waits until the handlers under way have settled theirs, then ends. */
  cancel(): Promise<void>;
}

export type TransportStatus =
  | { readonly type: 'connecting'; readonly attempt: number }
  /** `product`: what the broker says it is, "RabbitMQ 4.0.5". */
  | { readonly type: 'connected'; readonly broker: string; readonly product: string }
  | { readonly type: 'disconnected'; readonly code: ErrorCode; readonly reason: string; readonly retryInMs: number }
  | { readonly type: 'blocked'; readonly reason: string }
  | { readonly type: 'unblocked' }
  /** Others consume the queue as well: another program of this name, or a connection that the broker has not given up yet. */
  | { readonly type: 'consumerShared'; readonly queue: string; readonly others: number }
  /** Cancelled by the broker, or its channel ended, or it could not be begun; it is begun anew. */
  | { readonly type: 'consumerLost'; readonly queue: string; readonly code: ErrorCode; readonly reason: string }
  | { readonly type: 'handlerFailed'; readonly queue: string; readonly reason: string }
  /** A handler ended after its delivery's channel: the broker delivers again. */
  | { readonly type: 'settlementDropped'; readonly queue: string }
  /** Terminal: trying again cannot help (wrong password, unknown vhost, topology mismatch). */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly reason: string }
  | { readonly type: 'closed' };

export type ConnectionState = 'connecting' | 'connected' | 'blocked' | 'failed' | 'closed';

export interface Transport {
  readonly state: ConnectionState;
  /** Statuses from now on, in order. Returns the function that ends the subscription. A listener that throws harms no one. */
  onStatus(listener: (status: TransportStatus) => void): () => void;
  /** Never rejects. While there is no connection it answers `closed` at once: holding messages back is the caller's job. */
  publish(message: OutgoingMessage): Promise<PublishOutcome>;
  /**
   * Consumes a queue of the topology, now and after every reconnect, until cancelled. Resolves when the wish is
   * recorded, connected or not.
   */
  consume(queue: string, options: ConsumeOptions, handler: DeliveryHandler): Promise<Subscription>;
  /** Publishes that have no outcome yet. */
  readonly inFlight: number;
  /** Resolves when at least one more publish may be started without passing the bound on in-flight publishes. */
  ready(): Promise<void>;
  /** Takes no more publishes (they answer `closed`), cancels every subscription, waits for outcomes, closes. The same promise every time. */
  drain(): Promise<void>;
  /** Ends at once: unsettled deliveries go back to their queues, publishes without an outcome answer `closed`. */
  close(): Promise<void>;
}

export interface TransportOptions {
  /** Shown by the broker's management tools. */
  readonly name: string;
  readonly topology: Topology;
  /** Publishes without an outcome at a time, default 1,000. */
  readonly maxInFlight?: number;
  /** How long a confirm may take, default 10,000 ms. */
  readonly confirmTimeoutMs?: number;
}
