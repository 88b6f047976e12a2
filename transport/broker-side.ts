// What an open connection to a broker says, in the words of both who speaks AMQP and the actors that listen.
import type { Failure } from '../protocol/result.ts';
import type { Delivery, Settlement } from './port.ts';

export interface ConnectionListener {
  /** Once, unless the connection was closed from here. */
  lost(failure: Failure): void;
  /** The broker stops reading from whoever publishes; undefined when that is over. */
  alarm(reason: string | undefined): void;
}

export interface Incoming {
  readonly delivery: Delivery;
  readonly settle: (settlement: Settlement) => void;
}

export interface ConsumeListener {
  delivered(incoming: Incoming): void;
  /** So many settlements came to nothing, for the channel of their deliveries is gone: the broker delivers those again. */
  dropped(count: number): void;
  ended(failure: Failure): void;
}
