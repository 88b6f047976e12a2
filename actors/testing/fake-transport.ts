// A transport without a broker: its statuses, deliveries and outcomes are the test's.
import type {
  ConnectionState,
  ConsumeOptions,
  Delivery,
  DeliveryHandler,
  OutgoingMessage,
  PublishOutcome,
  Settlement,
  Transport,
  TransportStatus,
} from '../../transport/port.ts';
import { StatusStream } from '../../transport/status-stream.ts';

export interface Published {
  readonly message: OutgoingMessage;
  readonly answer: (outcome: PublishOutcome['outcome']) => void;
}

export class FakeTransport implements Transport {
  readonly #status = new StatusStream();
  readonly #handlers = new Map<string, DeliveryHandler>();
  readonly published: Published[] = [];
  /** Of each queue that is consumed. */
  readonly prefetch = new Map<string, number>();
  /** The verbs that ended it, in order. */
  readonly ends: string[] = [];
  /** What `consume` rejects with, if anything. */
  refusal: Error | undefined;

  get state(): ConnectionState {
    return this.#status.state;
  }

  get inFlight(): number {
    return 0;
  }

  onStatus(listener: (status: TransportStatus) => void): () => void {
    return this.#status.listen(listener);
  }

  tell(...statuses: readonly TransportStatus[]): void {
    for (const status of statuses) this.#status.emit(status);
  }

  connect(): void {
    this.tell({ type: 'connecting', attempt: 1 }, { type: 'connected', broker: 'fake', product: 'fake' });
  }

  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    return new Promise((resolve) => {
      this.published.push({ message, answer: (outcome) => resolve({ outcome }) });
    });
  }

  async consume(queue: string, { prefetch }: ConsumeOptions, handler: DeliveryHandler): ReturnType<Transport['consume']> {
    if (this.refusal !== undefined) throw this.refusal;
    this.#handlers.set(queue, handler);
    this.prefetch.set(queue, prefetch);
    return { cancel: async () => undefined };
  }

  /** Delivers a message to whoever consumes the queue. */
  async deliver(queue: string, body: Uint8Array, more: Partial<Delivery> = {}): Promise<Settlement> {
    const handler = this.#handlers.get(queue);
    if (handler === undefined) throw new Error(`nobody consumes ${queue}`);
    return handler({
      body,
      exchange: 'x',
      routingKey: 'k',
      queue,
      messageId: undefined,
      correlationId: undefined,
      contentType: undefined,
      headers: {},
      redelivered: false,
      userId: undefined,
      ...more,
    });
  }

  async ready(): Promise<void> {}

  async drain(): Promise<void> {
    this.ends.push('drain');
  }

  async close(): Promise<void> {
    this.ends.push('close');
    for (const { answer } of this.published) answer('closed');
  }
}
