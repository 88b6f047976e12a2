// One AMQP connection, from its connect to its loss. It is alive until it is lost or closed, and never comes back: a
// session (session.ts) makes a new one.
import { connect, type ChannelModel } from 'amqplib';
import { pause } from '../../effects/clock.ts';
import { ok, type Failure, type Result } from '../../protocol/result.ts';
import { reasonOf } from '../reason.ts';
import type { BrokerAddress } from './address.ts';
import { onAbort } from './on-abort.ts';
import type { AmqpSettings } from './options.ts';
import { connectFailure } from './refusal.ts';

/** How long a peer may take to say goodbye. */
const farewellMs = 1_000;

export class AmqpConnection {
  readonly model: ChannelModel;
  /** Resolves when it is lost or closed. */
  readonly lost: Promise<Failure>;
  readonly #settings: AmqpSettings;
  readonly #destroy: () => void;
  #alive = true;

  constructor(model: ChannelModel, shown: string, settings: AmqpSettings, destroy: () => void) {
    this.model = model;
    this.#settings = settings;
    this.#destroy = destroy;
    let reason = 'the connection was closed';
    // `close` follows every `error`, and comes alone when the broker shuts down. `handler-error` would come from the
    // connection inside the model and is not passed on; these listeners do not throw.
    model.on('error', (error) => void (reason = reasonOf(error)));
    this.lost = new Promise((resolve) => {
      model.on('close', (error?: Error) => {
        this.#alive = false;
        resolve({ code: 'broker_unreachable', message: `${shown}: ${error === undefined ? reason : reasonOf(error)}` });
      });
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Says goodbye, and cuts the connection when the peer does not answer. */
  async close(): Promise<void> {
    if (!this.#alive) return;
    this.#alive = false;
    const gone = new AbortController();
    void this.lost.then(() => gone.abort());
    // Rejected when the connection is lost first, and never settled when that happens after the goodbye.
    this.model.close().catch(() => undefined);
    await pause(this.#settings.clock, farewellMs, gone.signal);
    this.#destroy();
  }
}

/** Connects within the time-out; `signal` gives up earlier. */
export const openConnection = async (
  address: BrokerAddress,
  purpose: string,
  settings: AmqpSettings,
  signal: AbortSignal,
): Promise<Result<AmqpConnection>> => {
  // The socket dies with this signal: amqplib's own time-out counts silence only, and would let a peer that drips bytes
  // hold up the connect for ever.
  const socket = new AbortController();
  const destroy = (): void => socket.abort();
  const connected = onAbort(signal, destroy);
  let late = false;
  const cancel = settings.clock.after(settings.connectTimeoutMs, () => {
    late = true;
    destroy();
  });
  const socketOptions = {
    noDelay: true,
    keepAlive: true,
    signal: socket.signal,
    clientProperties: { connection_name: `${settings.name} (${purpose})` },
  };
  try {
    const model = await connect({ ...address.connect, heartbeat: settings.heartbeatSeconds }, socketOptions);
    return ok(new AmqpConnection(model, address.shown, settings, destroy));
  } catch (error) {
    const told = late ? new Error(`no answer within ${settings.connectTimeoutMs} ms`) : error;
    return { ok: false, error: connectFailure(told, address.shown) };
  } finally {
    cancel();
    connected();
  }
};
