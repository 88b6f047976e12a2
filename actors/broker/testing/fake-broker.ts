// A broker for the actors of the broker side: what it answers, loses and delivers is the test's.
import { fail, ok, type Failure, type Result } from '../../../protocol/result.ts';
import type { ConnectionListener, ConsumeListener } from '../../../transport/broker-side.ts';
import type { Flight } from '../../../transport/flights.ts';
import type { Settlement } from '../../../transport/port.ts';
import type { Connection, Connector, ConsumeChannel, PublishChannel } from '../ports.ts';

export class FakePublishChannel implements PublishChannel {
  readonly flights: Flight[] = [];
  readonly ended: (failure: Failure) => void;
  closed = false;

  constructor(ended: (failure: Failure) => void) {
    this.ended = ended;
  }

  publish(flight: Flight): void {
    this.flights.push(flight);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export class FakeConsumeChannel implements ConsumeChannel {
  readonly queue: string;
  readonly prefetch: number;
  readonly listener: ConsumeListener;
  readonly settled: string[] = [];
  readonly others = 0;
  alive = true;
  cancelled = false;

  constructor(queue: string, prefetch: number, listener: ConsumeListener) {
    this.queue = queue;
    this.prefetch = prefetch;
    this.listener = listener;
  }

  deliver(messageId: string): void {
    const delivery = {
      body: Buffer.from(messageId),
      exchange: 'x',
      routingKey: 'k',
      queue: this.queue,
      messageId,
      correlationId: undefined,
      contentType: undefined,
      headers: {},
      redelivered: false,
      userId: undefined,
    };
    const settle = (settlement: Settlement): void => {
      if (this.alive) this.settled.push(`${settlement} ${messageId}`);
      else this.listener.dropped(1);
    };
    this.listener.delivered({ delivery, settle });
  }

  /** As the broker does, for this channel alone. */
  end(message = 'ended by the test'): void {
    this.alive = false;
    this.listener.ended({ code: 'transport_closed', message });
  }

  async cancel(): Promise<void> {
    this.cancelled = true;
  }

  async close(): Promise<void> {
    this.alive = false;
  }
}

export class FakeConnection implements Connection {
  readonly broker = 'amqp://fake/';
  readonly profile: { readonly product: string; readonly doubt: string | undefined } = { product: 'RabbitMQ 4.0.5', doubt: undefined };
  readonly listener: ConnectionListener;
  readonly publishers: FakePublishChannel[] = [];
  readonly consumers: FakeConsumeChannel[] = [];
  alive = true;
  /** What the next channels answer with, instead of being opened. */
  readonly refusals: Failure[] = [];

  constructor(listener: ConnectionListener) {
    this.listener = listener;
  }

  async publisher(ended: (failure: Failure) => void): Promise<Result<PublishChannel>> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return { ok: false, error: refusal };
    const channel = new FakePublishChannel(ended);
    this.publishers.push(channel);
    return ok(channel);
  }

  async consumer(queue: string, prefetch: number, listener: ConsumeListener): Promise<Result<ConsumeChannel>> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return { ok: false, error: refusal };
    const channel = new FakeConsumeChannel(queue, prefetch, listener);
    this.consumers.push(channel);
    return ok(channel);
  }

  /** As a network does: its channels end first, then it. */
  lose(reason = 'reset by the test'): void {
    this.alive = false;
    for (const channel of this.publishers) channel.ended({ code: 'transport_closed', message: reason });
    for (const channel of this.consumers) channel.end(reason);
    this.listener.lost({ code: 'broker_unreachable', message: reason });
  }

  async close(): Promise<void> {
    this.alive = false;
    for (const channel of this.consumers) channel.alive = false;
  }
}

export class FakeConnector implements Connector {
  readonly connections: FakeConnection[] = [];
  attempts = 0;
  /** What the next attempts end with; after the last they succeed. */
  readonly failures: Failure[] = [];

  async open(listener: ConnectionListener, signal: AbortSignal): Promise<Result<Connection>> {
    this.attempts += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) return { ok: false, error: failure };
    if (signal.aborted) return fail('transport_closed', 'closed while connecting');
    const connection = new FakeConnection(listener);
    this.connections.push(connection);
    return ok(connection);
  }

  get last(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nothing has connected');
    return connection;
  }
}
