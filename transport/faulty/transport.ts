// Any transport, behind a bad network. Its states are those of the transport inside, but for an outage:
//
//   through --disconnect--> out, for a time: publishes answer `closed`, deliveries wait --> through
//
// At a disconnect every publish without an outcome answers `closed`, made or not, and the settlement of every handler
// under way is lost: the message is delivered again. It is never kinder than the transport inside: `confirmed` is always
// that transport's own word for that very publish.
import { pause, type Clock } from '../../effects/clock.ts';
import type { Random } from '../../effects/random.ts';
import { InFlight } from '../in-flight.ts';
import type {
  ConnectionState,
  ConsumeOptions,
  Delivery,
  DeliveryHandler,
  OutgoingMessage,
  PublishOutcome,
  Settlement,
  Subscription,
  Transport,
  TransportStatus,
} from '../port.ts';
import { StatusStream } from '../status-stream.ts';
import { Dice, noFaults, type Fate, type Faults } from './faults.ts';

export interface FaultyOptions {
  readonly clock: Clock;
  /** Seeded, to repeat a run. */
  readonly random: Random;
  /** What is not named does not happen. */
  readonly faults: Partial<Faults>;
  /** As of the transport inside, for publishes that are held count too. Default 1,000. */
  readonly maxInFlight?: number;
}

/** The same message with bytes and headers of its own, for the owner may change his after the publish. */
const ownCopy = (message: OutgoingMessage): OutgoingMessage => ({
  ...message,
  body: Uint8Array.from(message.body),
  headers: { ...message.headers },
});

export class FaultyTransport implements Transport {
  readonly #inner: Transport;
  readonly #clock: Clock;
  readonly #dice: Dice;
  readonly #outageMs: number;
  readonly #status = new StatusStream();
  readonly #inFlight: InFlight;
  readonly #waiting = new Set<(outcome: PublishOutcome) => void>();
  /** Ends every wait when the transport closes. */
  readonly #ending = new AbortController();
  /** What the transport inside said last when it was connected. */
  #connected: TransportStatus | undefined;
  /** Disconnects so far: a settlement counts only in the era of its delivery. */
  #era = 0;
  #outage: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  #draining: Promise<void> | undefined;

  constructor(inner: Transport, { clock, random, faults, maxInFlight = 1_000 }: FaultyOptions) {
    const all = { ...noFaults, ...faults };
    this.#inner = inner;
    this.#clock = clock;
    this.#dice = new Dice(all, random);
    this.#outageMs = all.outageMs;
    this.#inFlight = new InFlight(maxInFlight);
    inner.onStatus((status) => this.#pass(status));
  }

  get state(): ConnectionState {
    return this.#outage === undefined ? this.#inner.state : 'connecting';
  }

  get inFlight(): number {
    return this.#inFlight.count;
  }

  onStatus(listener: (status: TransportStatus) => void): () => void {
    return this.#status.listen(listener);
  }

  async ready(): Promise<void> {
    await this.#inFlight.ready();
    await this.#inner.ready();
  }

  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    if (this.#dice.disconnects()) this.disconnect(this.#outageMs);
    if (this.#outage !== undefined || this.#draining !== undefined) return Promise.resolve({ outcome: 'closed' });
    const fate = this.#dice.fate();
    this.#inFlight.begin();
    return new Promise((resolve) => {
      const settle = (outcome: PublishOutcome): void => {
        if (!this.#waiting.delete(settle)) return;
        this.#inFlight.end();
        resolve(outcome);
      };
      this.#waiting.add(settle);
      void this.#send(message, fate, () => this.#waiting.has(settle)).then(settle);
    });
  }

  consume(queue: string, options: ConsumeOptions, handler: DeliveryHandler): Promise<Subscription> {
    return this.#inner.consume(queue, options, (delivery) => this.#receive(delivery, handler));
  }

  /** Loses the connection for so long, milliseconds. */
  disconnect(outageMs: number): void {
    if (this.state !== 'connected') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(outageMs, () => this.#reconnect());
    this.#outage = {
      over: promise,
      end: () => {
        cancel();
        resolve();
      },
    };
    this.#era++;
    this.#abandon();
    this.#status.emit({ type: 'disconnected', code: 'broker_unreachable', reason: 'a fault that was asked for', retryInMs: outageMs });
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async close(): Promise<void> {
    this.#endOutage();
    this.#ending.abort();
    this.#abandon();
    await this.#inner.close();
  }

  async #drain(): Promise<void> {
    this.#reconnect();
    await this.#inFlight.idle();
    await this.#inner.drain();
  }

  async #send(message: OutgoingMessage, fate: Fate, stillWanted: () => boolean): Promise<PublishOutcome> {
    const { holdMs, copyAfterMs, made, answered } = fate;
    if (copyAfterMs !== undefined) void this.#sendLater(ownCopy(message), copyAfterMs);
    let sent = message;
    if (holdMs !== undefined) {
      sent = ownCopy(message);
      await pause(this.#clock, holdMs, this.#ending.signal);
      if (!stillWanted()) return { outcome: 'closed' };
    }
    const outcome = made ? await this.#inner.publish(sent) : undefined;
    return outcome === undefined || !answered ? { outcome: 'unconfirmed' } : outcome;
  }

  async #sendLater(message: OutgoingMessage, ms: number): Promise<void> {
    await pause(this.#clock, ms, this.#ending.signal);
    await this.#inner.publish(message);
  }

  async #receive(delivery: Delivery, handler: DeliveryHandler): Promise<Settlement> {
    if (this.#dice.disconnects()) this.disconnect(this.#outageMs);
    while (this.#outage !== undefined) await this.#outage.over;
    const era = this.#era;
    const settlement = await handler(delivery);
    return era === this.#era ? settlement : 'requeue';
  }

  #reconnect(): void {
    if (!this.#endOutage()) return;
    this.#status.emit({ type: 'connecting', attempt: 1 });
    if (this.#inner.state === 'connected' && this.#connected !== undefined) this.#status.emit(this.#connected);
  }

  /** Whether there was one. */
  #endOutage(): boolean {
    const outage = this.#outage;
    this.#outage = undefined;
    outage?.end();
    return outage !== undefined;
  }

  #abandon(): void {
    for (const settle of this.#waiting) settle({ outcome: 'closed' });
  }

  #pass(status: TransportStatus): void {
    switch (status.type) {
      case 'handlerFailed':
      case 'consumerLost':
      case 'consumerShared':
      case 'settlementDropped':
        break;
      case 'failed':
      case 'closed':
        this.#endOutage();
        break;
      case 'connected':
        this.#connected = status;
        if (this.#outage !== undefined) return;
        break;
      case 'connecting':
      case 'disconnected':
      case 'blocked':
      case 'unblocked':
        // What happens behind an outage is not seen; its end tells the state then.
        if (this.#outage !== undefined) return;
        break;
    }
    this.#status.emit(status);
  }
}
