// The transport over RabbitMQ. States as in status-stream.ts. One loop moves them:
//
//   connecting -> open a session -> connected -> the session is lost -> disconnected, wait -> connecting ...
//
// It goes on until it is closed, or fails for good because trying again cannot help. A publish channel that ends while
// its session lives is replaced within the loop, and that too is told as disconnected and connected, for between the two a
// publish answers `closed`; consumers are not touched by it. It never holds a publish back and never sends one twice.
import { pause } from '../../effects/clock.ts';
import { errors } from '../../protocol/errors.ts';
import type { Failure } from '../../protocol/result.ts';
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
import { reasonOf } from '../reason.ts';
import { StatusStream } from '../status-stream.ts';
import { parseBrokerUrl, type BrokerAddress } from './address.ts';
import { Consumer } from './consumer.ts';
import { settingsFrom, type AmqpOptions, type AmqpSettings } from './options.ts';
import { Publisher } from './publisher.ts';
import { RetryDelay } from './retry-delay.ts';
import { openSession, type Session } from './session.ts';

class AmqpTransport implements Transport {
  readonly #settings: AmqpSettings;
  readonly #exchanges: ReadonlySet<string>;
  readonly #status = new StatusStream();
  readonly #inFlight: InFlight;
  readonly #delay: RetryDelay;
  readonly #consumers = new Set<Consumer>();
  readonly #stopped = new AbortController();
  /** Ends when the loop does. */
  readonly #running: Promise<void>;
  /** While a session stands. */
  #session: Session | undefined;
  /** While publishes can be made. */
  #publisher: Publisher | undefined;
  readonly #closed = Promise.withResolvers<void>();
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AmqpOptions) {
    this.#settings = settingsFrom(options);
    this.#exchanges = new Set(options.topology.exchanges.map(({ name }) => name));
    this.#inFlight = new InFlight(this.#settings.maxInFlight);
    this.#delay = new RetryDelay(options.clock, options.random, this.#settings.retryMs);
    this.#running = this.#run();
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
    if (this.#publisher === undefined || this.#draining !== undefined) return { outcome: 'closed' };
    // The broker would end the channel, and with it every other publish in flight.
    if (!this.#exchanges.has(message.exchange)) return { outcome: 'unroutable' };
    this.#inFlight.begin();
    const outcome = await this.#publisher.publish(message);
    this.#inFlight.end();
    return outcome;
  }

  consume(queue: string, { prefetch }: ConsumeOptions, handler: DeliveryHandler): Promise<Subscription> {
    if (!this.#settings.topology.queues.some(({ name }) => name === queue)) {
      return Promise.reject(new Error(`queue ${queue} is not in the topology of this transport`));
    }
    const consumer = new Consumer(queue, prefetch, handler, (status) => this.#status.emit(status));
    this.#consumers.add(consumer);
    if (this.#session !== undefined) consumer.attach(this.#session);
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
    await Promise.all([...this.#consumers].map((consumer) => consumer.cancel()));
    await this.#inFlight.idle();
    await this.close();
  }

  async #close(): Promise<void> {
    this.#stopped.abort();
    this.#stopPublishing();
    await this.#session?.end(closedByOwner);
    await this.#running;
    this.#status.emit({ type: 'closed' });
    this.#closed.resolve();
  }

  async #run(): Promise<void> {
    // A turn later, so that whoever made this transport hears the first status.
    await new Promise((resolve) => setImmediate(resolve));
    const address = parseBrokerUrl(this.#settings.url);
    if (!address.ok) {
      this.#fail(address.error);
      return;
    }
    let attempt = 0;
    let before: Failure | undefined;
    while (this.#goesOn) {
      this.#status.emit({ type: 'connecting', attempt: ++attempt });
      const opened = await openSession(address.value, this.#settings, this.#stopped.signal);
      if (opened.ok) attempt = 0;
      const failure = opened.ok ? await this.#live(opened.value, address.value) : opened.error;
      if (!this.#goesOn) return;
      if (isFinal(failure, before)) {
        this.#fail(failure);
        return;
      }
      before = failure;
      const retryInMs = this.#delay.next();
      this.#status.emit({ type: 'disconnected', code: failure.code, reason: failure.message, retryInMs });
      await pause(this.#settings.clock, retryInMs, this.#stopped.signal);
    }
  }

  get #goesOn(): boolean {
    return !this.#stopped.signal.aborted && this.#draining === undefined;
  }

  /** From connected to lost. */
  async #live(session: Session, { shown }: BrokerAddress): Promise<Failure> {
    if (this.#stopped.signal.aborted) await session.end(closedByOwner);
    this.#session = session;
    this.#watchAlarms(session);
    for (const consumer of this.#consumers) consumer.attach(session);
    while (session.alive) {
      const reason = await this.#publishOn(session, shown);
      this.#stopPublishing();
      if (!session.alive) break;
      const retryInMs = session.delay.next();
      this.#status.emit({ type: 'disconnected', code: 'transport_closed', reason, retryInMs });
      await session.restore(retryInMs);
      if (session.alive) this.#status.emit({ type: 'connecting', attempt: 1 });
    }
    this.#session = undefined;
    this.#inFlight.hold(false);
    const failure = await session.lost;
    void session.end(failure);
    return failure;
  }

  /** Publishes on one channel until it or the session ends; the reason. */
  async #publishOn(session: Session, shown: string): Promise<string> {
    try {
      const { channel, ended } = await session.confirmChannel();
      this.#publisher = new Publisher(channel, this.#settings);
      this.#status.emit({ type: 'connected', broker: shown });
      return await Promise.race([ended, session.lost.then(({ message }) => message)]);
    } catch (error) {
      return reasonOf(error);
    }
  }

  #stopPublishing(): void {
    this.#publisher?.abandon();
    this.#publisher = undefined;
  }

  /** A broker short of memory or disk stops reading from whoever publishes. */
  #watchAlarms(session: Session): void {
    session.publishing.model.on('blocked', (reason) => {
      this.#inFlight.hold(true);
      this.#status.emit({ type: 'blocked', reason });
    });
    session.publishing.model.on('unblocked', () => {
      this.#inFlight.hold(false);
      this.#status.emit({ type: 'unblocked' });
    });
  }

  #fail({ code, message }: Failure): void {
    this.#status.emit({ type: 'failed', code, reason: message });
  }
}

const closedByOwner: Failure = { code: 'transport_closed', message: 'closed by its owner' };

/**
 * Whether trying again cannot help. A virtual host that is not opened has to be met twice in a row, for a broker that is
 * shutting down looks the same.
 */
const isFinal = ({ code }: Failure, before: Failure | undefined): boolean =>
  !errors[code].retryable && (code !== 'broker_vhost' || before?.code === code);

/** Connects, and keeps connected until closed. Never waits: the statuses tell how it goes. */
export const connectAmqp = (options: AmqpOptions): Transport => new AmqpTransport(options);
