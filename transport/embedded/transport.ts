// A connection to the embedded broker. States as in status-stream.ts: it connects on the turn after it was made; a
// connection that was dropped is back on the turn after; a topology mismatch or a close ends it.
//
// A publish is in its queues before `publish` returns, and its outcome follows on a later turn, as from a network: a drop
// in between answers `closed` although the message was enqueued. It never calls a handler inside a call of its owner.
import type { Failure } from '../../protocol/result.ts';
import { Handlers } from '../handlers.ts';
import { InFlight } from '../in-flight.ts';
import type {
  ConnectionState,
  ConsumeOptions,
  DeliveryHandler,
  OutgoingMessage,
  PublishOutcome,
  Subscription,
  Transport,
  TransportOptions,
  TransportStatus,
} from '../port.ts';
import { StatusStream } from '../status-stream.ts';
import type { EmbeddedCore } from './core.ts';
import type { Attachment, QueueConsumer } from './queue.ts';
import { storedFrom } from './stored.ts';

interface Consumption {
  readonly queue: string;
  readonly consumer: QueueConsumer;
  /** False once cancelled: what is out may still be settled, but nothing more is delivered. */
  wanted: boolean;
  attachment: Attachment | undefined;
}

interface Unanswered {
  readonly outcome: PublishOutcome;
  readonly answer: (outcome: PublishOutcome) => void;
}

export class EmbeddedTransport implements Transport {
  readonly #core: EmbeddedCore;
  readonly #options: TransportOptions;
  readonly #status = new StatusStream();
  readonly #inFlight: InFlight;
  readonly #consumptions = new Map<Consumption, Subscription>();
  #unanswered: Unanswered[] = [];
  readonly #closed = Promise.withResolvers<void>();
  #draining: Promise<void> | undefined;

  constructor(core: EmbeddedCore, options: TransportOptions) {
    this.#core = core;
    this.#options = options;
    this.#inFlight = new InFlight(options.maxInFlight ?? 1_000);
    setImmediate(() => this.#connect());
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
    if (this.state !== 'connected' || this.#draining !== undefined) return Promise.resolve({ outcome: 'closed' });
    const outcome: PublishOutcome = { outcome: this.#core.publish(storedFrom(message)) ? 'confirmed' : 'unroutable' };
    this.#inFlight.begin();
    return new Promise((answer) => {
      if (this.#unanswered.push({ outcome, answer }) === 1) setImmediate(() => this.#answer());
    });
  }

  consume(queue: string, { prefetch }: ConsumeOptions, handler: DeliveryHandler): Promise<Subscription> {
    if (!this.#options.topology.queues.some(({ name }) => name === queue)) {
      return Promise.reject(new Error(`queue ${queue} is not in the topology of this transport`));
    }
    const handlers = new Handlers(handler, (reason) => this.#status.emit({ type: 'handlerFailed', queue, reason }));
    const consumption: Consumption = {
      queue,
      consumer: {
        prefetch,
        deliver: (delivery, settle) => handlers.run(delivery, settle),
        cancelled: () => setImmediate(() => this.#renew(consumption)),
      },
      wanted: true,
      attachment: undefined,
    };
    const subscription: Subscription = {
      cancel: async () => {
        consumption.wanted = false;
        consumption.attachment?.retire();
        await handlers.idle();
        this.#consumptions.delete(consumption);
      },
    };
    this.#consumptions.set(consumption, subscription);
    if (this.state === 'connected') this.#attach(consumption);
    return Promise.resolve(subscription);
  }

  drain(): Promise<void> {
    this.#draining ??= Promise.race([this.#drain(), this.#closed.promise]);
    return this.#draining;
  }

  close(): Promise<void> {
    this.#lose();
    this.#consumptions.clear();
    this.#status.emit({ type: 'closed' });
    this.#closed.resolve();
    return this.#closed.promise;
  }

  /** Cuts the connection as a network would. */
  drop(): void {
    if (this.state !== 'connected') return;
    this.#lose();
    this.#status.emit({ type: 'disconnected', code: 'broker_unreachable', reason: 'the connection was cut', retryInMs: 0 });
    setImmediate(() => this.#connect());
  }

  async #drain(): Promise<void> {
    await Promise.all([...this.#consumptions.values()].map((subscription) => subscription.cancel()));
    await this.#inFlight.idle();
    await this.close();
  }

  #connect(): void {
    if (this.state !== 'connecting') return;
    this.#status.emit({ type: 'connecting', attempt: 1 });
    const declared = this.#core.declare(this.#options.topology);
    if (!declared.ok) {
      this.#fail(declared.error);
      return;
    }
    this.#status.emit({ type: 'connected', broker: 'embedded', product: 'embedded' });
    for (const consumption of this.#consumptions.keys()) this.#attach(consumption);
  }

  #attach(consumption: Consumption): void {
    if (!consumption.wanted) return;
    const queue = this.#core.queue(consumption.queue);
    const others = queue?.consumers ?? 0;
    if (others > 0) setImmediate(() => this.#status.emit({ type: 'consumerShared', queue: consumption.queue, others }));
    consumption.attachment = queue?.attach(consumption.consumer);
  }

  /** Its queue was deleted: declares it again, as at a connect, and goes on. */
  #renew(consumption: Consumption): void {
    if (this.state !== 'connected' || !consumption.wanted) return;
    this.#status.emit({ type: 'consumerLost', queue: consumption.queue, code: 'transport_closed', reason: 'the broker cancelled it, for its queue is gone' });
    const declared = this.#core.declare(this.#options.topology);
    if (declared.ok) this.#attach(consumption);
    else this.#fail(declared.error);
  }

  #fail({ code, message }: Failure): void {
    this.#lose();
    this.#status.emit({ type: 'failed', code, reason: message });
  }

  /** Everything that dies with a connection: what was out goes back, and what has no outcome never gets one. */
  #lose(): void {
    for (const consumption of this.#consumptions.keys()) {
      consumption.attachment?.abandon();
      consumption.attachment = undefined;
    }
    for (const { answer } of this.#unanswered.splice(0)) {
      this.#inFlight.end();
      answer({ outcome: 'closed' });
    }
  }

  #answer(): void {
    const unanswered = this.#unanswered;
    this.#unanswered = [];
    for (const { outcome, answer } of unanswered) {
      this.#inFlight.end();
      answer(outcome);
    }
  }
}
