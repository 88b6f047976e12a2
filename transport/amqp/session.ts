// What lives from one connect to the next loss: a connection to publish on and one to consume on, for a broker under
// alarm stops reading from those that publish, and acknowledgements must go on. The loss of either ends both.
//
// A channel that ends while the session lives is replaced by its owner, after `restore`; a session whose topology cannot
// be declared any more ends. It never reconnects: the transport opens another.
import type { Channel, ConfirmChannel } from 'amqplib';
import { pause } from '../../effects/clock.ts';
import { ok, type Failure, type Result } from '../../protocol/result.ts';
import type { BrokerAddress } from './address.ts';
import { OpenChannel } from './channel.ts';
import { openConnection, type AmqpConnection } from './connection.ts';
import { declareTopology } from './declare.ts';
import { onAbort } from './on-abort.ts';
import type { AmqpSettings } from './options.ts';
import { RetryDelay } from './retry-delay.ts';

export class Session {
  readonly lost: Promise<Failure>;
  readonly publishing: AmqpConnection;
  readonly #consuming: AmqpConnection;
  readonly #settings: AmqpSettings;
  /** Between the channels of this session. */
  readonly delay: RetryDelay;
  readonly #ended = new AbortController();
  readonly #failed = Promise.withResolvers<Failure>();

  constructor(publishing: AmqpConnection, consuming: AmqpConnection, settings: AmqpSettings) {
    this.publishing = publishing;
    this.#consuming = consuming;
    this.#settings = settings;
    this.delay = new RetryDelay(settings.clock, settings.random, settings.retryMs);
    this.lost = Promise.race([this.#failed.promise, publishing.lost, consuming.lost]);
  }

  get alive(): boolean {
    return !this.#ended.signal.aborted && this.publishing.alive && this.#consuming.alive;
  }

  async channel(): Promise<OpenChannel<Channel>> {
    return new OpenChannel(await this.#consuming.model.createChannel(), this.#consuming);
  }

  async confirmChannel(): Promise<OpenChannel<ConfirmChannel>> {
    return new OpenChannel(await this.publishing.model.createConfirmChannel(), this.publishing);
  }

  /** After a channel ended: waits, so that what ends channels cannot do so in a hot loop, and declares the topology again. */
  async restore(delayMs: number): Promise<void> {
    await pause(this.#settings.clock, delayMs, this.#ended.signal);
    if (!this.alive) return;
    const declared = await declareTopology(this.publishing, this.#settings.topology);
    if (!declared.ok) await this.end(declared.error);
  }

  async end(failure: Failure): Promise<void> {
    this.#ended.abort();
    this.#failed.resolve(failure);
    await Promise.all([this.publishing.close(), this.#consuming.close()]);
  }
}

/** Connects twice and declares the topology; `signal` gives up. */
export const openSession = async (address: BrokerAddress, settings: AmqpSettings, signal: AbortSignal): Promise<Result<Session>> => {
  const publishing = await openConnection(address, 'publish', settings, signal);
  if (!publishing.ok) return publishing;
  const consuming = await openConnection(address, 'consume', settings, signal);
  if (!consuming.ok) {
    await publishing.value.close();
    return consuming;
  }
  const session = new Session(publishing.value, consuming.value, settings);
  const connected = onAbort(signal, () => void session.end({ code: 'transport_closed', message: 'closed while connecting' }));
  const declared = await declareTopology(publishing.value, settings.topology);
  connected();
  if (declared.ok) return ok(session);
  await session.end(declared.error);
  return declared;
};
