// Opens connections to one broker, at whichever of its addresses is next. One call is one attempt: trying again is for
// whoever asked.
import { connect, credentials } from 'amqplib';
import { ok, type Result } from '../../protocol/result.ts';
import type { ConnectionListener } from '../broker-side.ts';
import type { BrokerAddress } from './address.ts';
import { profileOf } from './broker.ts';
import { AmqpConnection } from './connection.ts';
import { gatherWrites } from './gather-writes.ts';
import { onAbort } from './on-abort.ts';
import type { AmqpSettings } from './options.ts';
import { connectFailure } from './refusal.ts';
import { Rotation } from './rotation.ts';
import { tlsOptions } from './tls.ts';

export class AmqpConnector {
  readonly #settings: AmqpSettings;
  readonly #addresses: Rotation<BrokerAddress>;
  readonly #purpose: string;

  /** `purpose` tells our connections apart in the broker's management tools. */
  constructor(addresses: readonly BrokerAddress[], purpose: string, settings: AmqpSettings) {
    this.#settings = settings;
    this.#purpose = purpose;
    this.#addresses = new Rotation(addresses, settings.random);
  }

  /** Connects within the time-out; `signal` gives up earlier, and closes what was opened. */
  async open(listener: ConnectionListener, signal: AbortSignal): Promise<Result<AmqpConnection>> {
    const { clock, connectTimeoutMs, heartbeatSeconds } = this.#settings;
    const address = this.#addresses.next();
    if (address === undefined) return { ok: false, error: { code: 'config_invalid', message: 'no URL of a broker is given' } };
    const encryption = address.connect.protocol === 'amqps' ? tlsOptions(this.#settings.tls) : ok({});
    if (!encryption.ok) return encryption;
    // The socket dies with this signal: amqplib's own time-out counts silence only, and would let a peer that drips bytes
    // hold up the connect for ever.
    const socket = new AbortController();
    const destroy = (): void => socket.abort();
    const connected = onAbort(signal, destroy);
    let late = false;
    const cancel = clock.after(connectTimeoutMs, () => {
      late = true;
      destroy();
    });
    const socketOptions = {
      ...encryption.value,
      noDelay: true,
      keepAlive: true,
      signal: socket.signal,
      clientProperties: { connection_name: `${this.#settings.name} (${this.#purpose})` },
      ...(address.passwordless && this.#settings.tls.cert !== undefined ? { credentials: credentials.external() } : {}),
    };
    try {
      const model = await connect({ ...address.connect, heartbeat: heartbeatSeconds }, socketOptions);
      const profile = profileOf(model.connection.serverProperties);
      if (!profile.ok) {
        model.on('error', () => undefined);
        destroy();
        return { ok: false, error: { ...profile.error, message: `${address.shown}: ${profile.error.message}` } };
      }
      gatherWrites(model.connection);
      const connection = new AmqpConnection(model, { address, profile: profile.value, settings: this.#settings, destroy }, listener);
      onAbort(signal, () => void connection.close());
      return ok(connection);
    } catch (error) {
      const told = late ? new Error(`no answer within ${connectTimeoutMs} ms`) : error;
      return { ok: false, error: connectFailure(told, address.shown) };
    } finally {
      cancel();
      connected();
    }
  }
}
