// A cluster as the box runs it, whichever way: everything in this process on the embedded broker, or processes on RabbitMQ.
import type { Failure } from '../protocol/result.ts';

export interface Cluster {
  /** The base URL of the server's API. */
  readonly url: string;
  /** Events up to this position are an earlier run's. */
  readonly after: number;
  /** One line: what runs where. */
  readonly about: string;
  /** A part of it gave up or ended by itself. */
  readonly broken: Promise<Failure>;
  /** Drains the nodes, then the server. */
  stop(): Promise<void>;
}
