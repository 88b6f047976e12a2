// What the actors of the broker side need from below; transport/amqp satisfies it.
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Failure, Result } from '../../protocol/result.ts';
import type { ConnectionListener, ConsumeListener } from '../../transport/broker-side.ts';
import type { Flight } from '../../transport/flights.ts';

/** Attempts to connect: one a call. `signal` gives up, and closes what was opened. */
export interface Connector {
  open(listener: ConnectionListener, signal: AbortSignal): Promise<Result<Connection>>;
}

/** Opens channels; each request first makes sure that the topology stands. None of them rejects. */
export interface Connection {
  readonly alive: boolean;
  /** Its address, without credentials. */
  readonly broker: string;
  readonly profile: { readonly product: string; readonly doubt: string | undefined };
  publisher(ended: (failure: Failure) => void): Promise<Result<PublishChannel>>;
  consumer(queue: string, prefetch: number, listener: ConsumeListener): Promise<Result<ConsumeChannel>>;
  close(): Promise<void>;
}

export interface PublishChannel {
  /** The flight lands with the broker's answer. */
  publish(flight: Flight): void;
  close(): Promise<void>;
}

export interface ConsumeChannel {
  /** How many consumed the queue before. */
  readonly others: number;
  /** No more deliveries; what was delivered can still be settled. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

/** The two connections: a broker under alarm stops reading from those that publish, and acknowledgements must go on. */
export type Side = 'publish' | 'consume';

/** What the actors say of themselves, for whoever sums it up (standing.ts). */
export type BrokerReport =
  | { readonly type: 'connecting'; readonly attempt: number }
  | { readonly type: 'up'; readonly side: Side; readonly broker: string; readonly product: string }
  /** `wholly`: the connection is gone, and not a channel only. */
  | { readonly type: 'down'; readonly side: Side; readonly wholly: boolean; readonly failure: Failure; readonly retryInMs: number }
  | { readonly type: 'alarm'; readonly reason: string | undefined }
  | { readonly type: 'consumerShared'; readonly queue: string; readonly others: number }
  | { readonly type: 'consumerLost'; readonly queue: string; readonly code: ErrorCode; readonly reason: string }
  | { readonly type: 'handlerFailed'; readonly queue: string; readonly reason: string }
  | { readonly type: 'settlementDropped'; readonly queue: string };

export type Report = (report: BrokerReport) => void;
