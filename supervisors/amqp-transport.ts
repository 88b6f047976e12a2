// The transport over RabbitMQ: the broker side as a tree of supervised actors (broker-tree.ts), behind the promises of
// transport/port.ts.
//
// States as in status-stream.ts; what the actors report moves them (standing.ts). `failed` when the tree gave up. It never holds a
// publish back and never sends one twice: both are the caller's to decide.
import type { ConsumerMessage, Wish } from '../actors/broker/consumer.ts';
import { Standing } from '../actors/broker/standing.ts';
import type { ActorRef, Reply } from '../actors/ref.ts';
import type { ActorSystem } from '../actors/system.ts';
import type { Failure } from '../protocol/result.ts';
import { parseBrokerUrls, type BrokerAddress } from '../transport/amqp/address.ts';
import { AmqpConnector } from '../transport/amqp/connector.ts';
import { settingsFrom, type AmqpOptions, type AmqpSettings } from '../transport/amqp/options.ts';
import { Flights } from '../transport/flights.ts';
import { Handlers } from '../transport/handlers.ts';
import { InFlight } from '../transport/in-flight.ts';
import type { ConnectionState, ConsumeOptions, DeliveryHandler, OutgoingMessage, PublishOutcome, Subscription, Transport, TransportStatus } from '../transport/port.ts';
import { StatusStream } from '../transport/status-stream.ts';
import { brokerTree, type BrokerTree } from './broker-tree.ts';
import { escalation } from './escalation.ts';
import type { SupervisionEvent } from './events.ts';
import { startSupervisor, type RunningSupervisor } from './supervisor.ts';
import { UnusableTransport } from './unusable-transport.ts';

export interface AmqpTransportOptions extends AmqpOptions {
  /** Where its actors stand; two transports of one system need two. Default `broker`. */
  readonly path?: string;
  /** Every event of its supervisors, for counters. */
  readonly onEvent?: (event: SupervisionEvent) => void;
}

/** Longer than anybody waits: a cancel ends when the handlers do, or with the transport. */
const patientMs = 2 ** 31 - 1;
const closed: PublishOutcome = { outcome: 'closed' };

interface Kept {
  readonly wish: Wish;
  readonly cancel: () => Promise<void>;
}

class AmqpTransport implements Transport {
  readonly #system: ActorSystem;
  readonly #exchanges: ReadonlySet<string>;
  readonly #queues: ReadonlySet<string>;
  readonly #status = new StatusStream();
  readonly #inFlight: InFlight;
  readonly #flights: Flights;
  readonly #standing: Standing;
  readonly #tree: BrokerTree;
  readonly #root: RunningSupervisor;
  readonly #kept = new Set<Kept>();
  readonly #ending = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(addresses: readonly BrokerAddress[], settings: AmqpSettings, { onEvent, path = 'broker' }: AmqpTransportOptions, system: ActorSystem) {
    const { clock, confirmTimeoutMs, maxInFlight, retryMs, topology } = settings;
    this.#system = system;
    this.#exchanges = new Set(topology.exchanges.map(({ name }) => name));
    this.#queues = new Set(topology.queues.map(({ name }) => name));
    this.#inFlight = new InFlight(maxInFlight);
    this.#flights = new Flights(clock, confirmTimeoutMs, this.#inFlight);
    this.#standing = new Standing({
      tell: (status) => this.#status.emit(status),
      unanswered: () => this.#flights.abandon(),
      alarmed: (alarm) => this.#inFlight.hold(alarm),
    });
    this.#tree = brokerTree(system, {
      path,
      connectorFor: (side) => new AmqpConnector(addresses, side, settings),
      retryMs,
      report: (report) => this.#standing.take(report),
      closing: this.#ending.signal,
    });
    this.#root = startSupervisor(system, this.#tree.spec, {
      ...(onEvent === undefined ? {} : { onEvent }),
      onEscalate: (error) => this.#fail(escalation(error)),
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

  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    const { state } = this.#status;
    if ((state !== 'connected' && state !== 'blocked') || this.#draining !== undefined) return Promise.resolve(closed);
    // The broker would end the channel for it, and with it every other publish in flight.
    if (!this.#exchanges.has(message.exchange)) return Promise.resolve({ outcome: 'unroutable' });
    return new Promise((resolve) => {
      const flight = this.#flights.begin(message, resolve);
      if (this.#system.tell(this.#tree.publisher, flight) !== 'queued') flight.land('closed');
    });
  }

  consume(queue: string, { prefetch }: ConsumeOptions, handler: DeliveryHandler): Promise<Subscription> {
    if (!this.#queues.has(queue)) return Promise.reject(new Error(`queue ${queue} is not in the topology of this transport`));
    const handlers = new Handlers(handler, (reason) => this.#standing.take({ type: 'handlerFailed', queue, reason }));
    const wish: Wish = { queue, prefetch, handlers, wanted: true };
    const { consumer, end } = this.#tree.keep(wish);
    let cancelled: Promise<void> | undefined;
    const cancel = (): Promise<void> => (cancelled ??= this.#cancel(kept, consumer, end));
    const kept = { wish, cancel };
    this.#kept.add(kept);
    return Promise.resolve({ cancel });
  }

  drain(): Promise<void> {
    this.#draining ??= Promise.race([this.#drain(), this.#closed.promise]);
    return this.#draining;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #cancel(kept: Kept, consumer: ActorRef<ConsumerMessage>, end: () => Promise<void>): Promise<void> {
    kept.wish.wanted = false;
    // A failure is as good as an answer: a consumer that crashed meanwhile takes nothing more either.
    await this.#system.ask(consumer, (reply: Reply<void>) => ({ type: 'cancel', reply }) as const, { timeoutMs: patientMs });
    await kept.wish.handlers.idle();
    await end();
    this.#kept.delete(kept);
  }

  async #drain(): Promise<void> {
    await Promise.all(Array.from(this.#kept, ({ cancel }) => cancel()));
    await this.#inFlight.idle();
    await this.close();
  }

  async #close(): Promise<void> {
    for (const { wish } of this.#kept) wish.wanted = false;
    // Both connections at once, so that a peer that is silent costs one goodbye.
    this.#ending.abort();
    this.#flights.abandon();
    await this.#root.drain();
    this.#status.emit({ type: 'closed' });
    this.#closed.resolve();
  }

  #fail({ code, message }: Failure): void {
    this.#flights.abandon();
    this.#status.emit({ type: 'failed', code, reason: message });
  }
}

/** Connects, and keeps connected until closed. Never waits: the statuses tell how it goes. */
export const connectAmqp = (options: AmqpTransportOptions, system: ActorSystem): Transport => {
  const addresses = parseBrokerUrls(options.urls);
  if (!addresses.ok) return new UnusableTransport(addresses.error);
  const inClear = addresses.value.filter((address) => address.inClear).map(({ shown }) => shown);
  if (inClear.length > 0) system.logger.warn(`credentials and messages travel in clear to ${inClear.join(', ')}: use amqps`);
  return new AmqpTransport(addresses.value, settingsFrom(options), options, system);
};
