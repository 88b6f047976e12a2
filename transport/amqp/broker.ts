// What the broker says it is when a connection opens, and whether that will do. Versions differ where we would feel it,
// and integration/faults/ holds each to its line (broker-differences.test.ts, consumer-timeout.test.ts):
//
// | version  | delivery count (quorum queues)                          | nack with requeue      | consumer time-out           |
// |----------|---------------------------------------------------------|------------------------|-----------------------------|
// | 3.10     | `x-delivery-count`, absent at first; no limit unless set | counts, as reject does | channel closed with 406     |
// | 4.0-4.2  | the same; a limit of 20 unless set                      | counts, as reject does | channel closed with 406     |
// | from 4.3 | the same, and `x-acquired-count` for every assignment   | does not count         | consumer cancelled (quorum) |
//
// Shown by integration/faults/broker-differences.test.ts and consumer-timeout.test.ts.
// One way serves them all: `requeue` is a reject, which counts everywhere, and a limit is always set (topology.ts). A channel
// that is closed and a consumer that is cancelled end the same: the consumer is begun anew, and what it had not settled
// comes again.
import { fail, ok, type Result } from '../../protocol/result.ts';

export interface BrokerProfile {
  /** "RabbitMQ 4.0.5". */
  readonly product: string;
  /** Why it may not do, although it is tried. */
  readonly doubt: string | undefined;
}

/** What nothing here works without. */
const needed: readonly { readonly capability: string; readonly meaning: string }[] = [
  { capability: 'publisher_confirms', meaning: 'publisher confirms' },
  { capability: 'basic.nack', meaning: 'basic.nack' },
  { capability: 'consumer_cancel_notify', meaning: 'notice of cancelled consumers' },
  { capability: 'per_consumer_qos', meaning: 'a prefetch for each consumer' },
];

const oldest = { major: 3, minor: 10 };

type Version = typeof oldest;

const fieldOf = (table: unknown, name: string): unknown =>
  typeof table === 'object' && table !== null ? Object.entries(table).find(([key]) => key === name)?.[1] : undefined;

const versionOf = (text: string): Version | undefined => {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
};

const reaches = (version: Version, least: Version): boolean =>
  version.major > least.major || (version.major === least.major && version.minor >= least.minor);

/** From the properties of connection.start. Fails with `broker_unsupported`, naming what is missing. */
export const profileOf = (serverProperties: unknown): Result<BrokerProfile> => {
  const text = (name: string): string => {
    const value = fieldOf(serverProperties, name);
    return typeof value === 'string' ? value : '';
  };
  const name = text('product');
  const product = [name === '' ? 'a broker that does not say what it is' : name, text('version')].join(' ').trim();
  const missing = needed.filter(({ capability }) => fieldOf(fieldOf(serverProperties, 'capabilities'), capability) !== true);
  if (missing.length > 0) return fail('broker_unsupported', `${product} lacks ${missing.map(({ meaning }) => meaning).join(' and ')}`);
  const version = versionOf(text('version'));
  if (name === 'RabbitMQ' && version !== undefined && !reaches(version, oldest)) {
    return fail('broker_unsupported', `${product} is too old: RabbitMQ ${oldest.major}.${oldest.minor} or newer is needed`);
  }
  const known = name === 'RabbitMQ' && version !== undefined;
  return ok({
    product,
    doubt: known ? undefined : `${product} is not known to work: this is made for RabbitMQ ${oldest.major}.${oldest.minor} and newer`,
  });
};
