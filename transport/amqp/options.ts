import type { Clock } from '../../effects/clock.ts';
import type { Random } from '../../effects/random.ts';
import type { TransportOptions } from '../port.ts';

/** PEM text. */
export interface TlsMaterial {
  /** Whom to trust, instead of the authorities that come with Node.js. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
}

export interface AmqpOptions extends TransportOptions {
  /** `amqp://user:password@host:port/vhost`, or `amqps:`; several are addresses of one broker cluster. */
  readonly urls: readonly string[];
  readonly tls?: TlsMaterial;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a connect may take, from the first packet to the broker's last word; default 5,000 ms. */
  readonly connectTimeoutMs?: number;
  /** Asked of the broker; a dead peer is noticed after two to three of them. Default 10 s. */
  readonly heartbeatSeconds?: number;
  /** Bounds of the wait between attempts, default 500 and 30,000 ms. */
  readonly retryMs?: { readonly first: number; readonly most: number };
}

export type AmqpSettings = Required<AmqpOptions>;

export const settingsFrom = (options: AmqpOptions): AmqpSettings => ({
  maxInFlight: 1_000,
  confirmTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  heartbeatSeconds: 10,
  retryMs: { first: 500, most: 30_000 },
  tls: {},
  ...options,
});
