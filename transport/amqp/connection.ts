// One AMQP connection, from its connect to its loss. It is alive until it is lost or closed, and never comes back: whoever
// owns it opens another.
//
// What it says of itself (lost, blocked) it says to the listener it was opened with, and nothing after its owner closed it.
// The topology is declared on it once before its first channel, and again after something on it has cast doubt on that.
import type { Channel, ChannelModel } from 'amqplib';
import { pause } from '../../effects/clock.ts';
import { ok, type Failure, type Result } from '../../protocol/result.ts';
import type { ConnectionListener, ConsumeListener } from '../broker-side.ts';
import { reasonOf } from '../reason.ts';
import type { BrokerAddress } from './address.ts';
import type { BrokerProfile } from './broker.ts';
import { OpenChannel } from './channel.ts';
import { ConsumeChannel } from './consume-channel.ts';
import { declareTopology } from './declare.ts';
import type { AmqpSettings } from './options.ts';
import { PublishChannel } from './publish-channel.ts';
import { channelFailure, publishFailure } from './refusal.ts';

/** How long a peer may take to say goodbye. */
const farewellMs = 1_000;

export class AmqpConnection {
  readonly broker: string;
  readonly profile: BrokerProfile;
  /** Resolves when it is lost or closed. */
  readonly gone: Promise<void>;
  readonly #model: ChannelModel;
  readonly #address: BrokerAddress;
  readonly #settings: AmqpSettings;
  readonly #destroy: () => void;
  readonly #ended = Promise.withResolvers<void>();
  readonly #consuming = new Set<ConsumeChannel>();
  #alive = true;
  #declared: Promise<Result<void>> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    model: ChannelModel,
    parts: { readonly address: BrokerAddress; readonly profile: BrokerProfile; readonly settings: AmqpSettings; readonly destroy: () => void },
    listener: ConnectionListener,
  ) {
    this.#model = model;
    this.#address = parts.address;
    this.broker = parts.address.shown;
    this.profile = parts.profile;
    this.#settings = parts.settings;
    this.#destroy = parts.destroy;
    this.gone = this.#ended.promise;
    let reason = 'the connection was closed';
    // `close` follows every `error`, and comes alone when the broker shuts down. `handler-error` would come from the
    // connection inside the model and is not passed on; these listeners do not throw.
    model.on('error', (error) => void (reason = reasonOf(error)));
    model.on('close', (error?: Error) => {
      const wanted = !this.#alive;
      this.#alive = false;
      this.#ended.resolve();
      if (wanted) return;
      // amqplib only ends its half: a peer that is not there any more would leave the socket open for ever.
      parts.settings.clock.after(farewellMs, parts.destroy);
      listener.lost({ code: 'broker_unreachable', message: `${this.broker}: ${error === undefined ? reason : reasonOf(error)}` });
    });
    model.on('blocked', (why: string) => listener.alarm(why));
    model.on('unblocked', () => listener.alarm(undefined));
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** A channel to publish on; `ended` is called when it ends, unless it is closed from here. */
  publisher(ended: (failure: Failure) => void): Promise<Result<PublishChannel>> {
    return this.#open(async () => {
      const channel = await this.#model.createConfirmChannel();
      const open = new OpenChannel(channel, this);
      let closing = false;
      void open.ended.then((reason) => {
        this.doubt();
        if (!closing) ended(publishFailure(reason));
      });
      const imprint = { clock: this.#settings.clock, name: this.#settings.name, user: this.#address.user };
      return new PublishChannel(channel, imprint, () => {
        closing = true;
        return open.close();
      });
    });
  }

  /** Consumes a queue; `ended` is called when that ends, unless it is ended from here. */
  consumer(queue: string, prefetch: number, listener: ConsumeListener): Promise<Result<ConsumeChannel>> {
    return this.#open(async () => {
      const open = new OpenChannel(await this.#model.createChannel(), this);
      const consuming = new ConsumeChannel(open, this.gone, prefetch, this.#settings.clock, (count) => listener.dropped(count));
      this.#consuming.add(consuming);
      const lose = (message: string): void => {
        this.doubt();
        listener.ended({ code: 'transport_closed', message });
      };
      const cancelled = (): void => lose('the broker cancelled it, for its queue is gone or a delivery was held too long');
      await consuming.start(queue, (incoming) => listener.delivered(incoming), cancelled);
      void open.ended.then((reason) => {
        this.#consuming.delete(consuming);
        if (!consuming.closing) lose(reason);
      });
      return consuming;
    });
  }

  /** What is declared may be gone. */
  doubt(): void {
    this.#declared = undefined;
  }

  /** Says goodbye, and cuts the connection when the peer does not answer. */
  close(): Promise<void> {
    this.#closing ??= this.#alive ? this.#close() : Promise.resolve();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Afterwards nothing goes out any more.
    for (const consuming of this.#consuming) consuming.flush();
    this.#alive = false;
    const gone = new AbortController();
    void this.gone.then(() => gone.abort());
    // Rejected when the connection is lost first, and never settled when that happens after the goodbye.
    this.#model.close().catch(() => undefined);
    await pause(this.#settings.clock, farewellMs, gone.signal);
    this.#destroy();
    this.#ended.resolve();
  }

  /** What is asked of a connection that goes away meanwhile may never be answered. */
  async #open<T>(work: () => Promise<T>): Promise<Result<T>> {
    const lost = this.gone.then((): Result<T> => ({ ok: false, error: { code: 'transport_closed', message: `${this.broker}: the connection was closed` } }));
    return Promise.race([lost, this.#declareThen(work)]);
  }

  async #declareThen<T>(work: () => Promise<T>): Promise<Result<T>> {
    try {
      this.#declared ??= declareTopology((asked) => this.#once(asked), this.#settings.topology);
      const declared = await this.#declared;
      if (declared.ok) return ok(await work());
      this.doubt();
      return declared;
    } catch (error) {
      this.doubt();
      return { ok: false, error: channelFailure(error) };
    }
  }

  async #once<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const open = new OpenChannel(await this.#model.createChannel(), this);
    const done = await work(open.channel);
    await open.close();
    return done;
  }
}
