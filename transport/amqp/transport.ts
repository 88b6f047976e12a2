// The transport over RabbitMQ. States as in status-stream.ts; link.ts moves them. It never holds a publish back and never
// sends one twice: both are the caller's to decide.
import { InFlight } from '../in-flight.ts';
import type {
  ConnectionState,
  ConsumeOptions,
  DeliveryHandler,
  OutgoingMessage,
  PublishOutcome,
  Subscription,
  Transport,
  TransportStatus,
} from '../port.ts';
import { StatusStream } from '../status-stream.ts';
import { Consumer } from './consumer.ts';
import { Link } from './link.ts';
import { settingsFrom, type AmqpOptions } from './options.ts';

class AmqpTransport implements Transport {
  readonly #exchanges: ReadonlySet<string>;
  readonly #queues: ReadonlySet<string>;
  readonly #status = new StatusStream();
  readonly #inFlight: InFlight;
  readonly #consumers = new Set<Consumer>();
  readonly #link: Link;
  readonly #closed = Promise.withResolvers<void>();
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AmqpOptions) {
    const settings = settingsFrom(options);
    this.#exchanges = new Set(settings.topology.exchanges.map(({ name }) => name));
    this.#queues = new Set(settings.topology.queues.map(({ name }) => name));
    this.#inFlight = new InFlight(settings.maxInFlight);
    this.#link = new Link(settings, {
      tell: (status) => this.#status.emit(status),
      opened: (session) => {
        for (const consumer of this.#consumers) consumer.attach(session);
      },
      alarmed: (alarm) => this.#inFlight.hold(alarm),
    });
  }

  get state(): ConnectionState {
    return this.#status.state;
  }

  get inFlight(): number {
    return this.#inFlight.count;
  }

  onStatus(listener: (status: TransportStatus) => void): () => void {
    return this.#status.listen(listener);
  }

  ready(): Promise<void> {
    return this.#inFlight.ready();
  }

  async publish(message: OutgoingMessage): Promise<PublishOutcome> {
    const { publisher } = this.#link;
    if (publisher === undefined || this.#draining !== undefined) return { outcome: 'closed' };
    // The broker would end the channel for it, and with it every other publish in flight.
    if (!this.#exchanges.has(message.exchange)) return { outcome: 'unroutable' };
    this.#inFlight.begin();
    const outcome = await publisher.publish(message);
    this.#inFlight.end();
    return outcome;
  }

  consume(queue: string, { prefetch }: ConsumeOptions, handler: DeliveryHandler): Promise<Subscription> {
    if (!this.#queues.has(queue)) return Promise.reject(new Error(`queue ${queue} is not in the topology of this transport`));
    const consumer = new Consumer(queue, prefetch, handler, (status) => this.#status.emit(status));
    this.#consumers.add(consumer);
    if (this.#link.session !== undefined) consumer.attach(this.#link.session);
    return Promise.resolve({
      cancel: async () => {
        await consumer.cancel();
        this.#consumers.delete(consumer);
      },
    });
  }

  drain(): Promise<void> {
    this.#draining ??= Promise.race([this.#drain(), this.#closed.promise]);
    return this.#draining;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #drain(): Promise<void> {
    this.#link.retire();
    await Promise.all([...this.#consumers].map((consumer) => consumer.cancel()));
    await this.#inFlight.idle();
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#link.stop();
    this.#status.emit({ type: 'closed' });
    this.#closed.resolve();
  }
}

/** Connects, and keeps connected until closed. Never waits: the statuses tell how it goes. */
export const connectAmqp = (options: AmqpOptions): Transport => new AmqpTransport(options);
