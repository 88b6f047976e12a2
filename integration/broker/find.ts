// Which broker the tests use that need any one: the one JETPACK_TEST_AMQP_URL names; else RabbitMQ installed here, started for the
// test; else an image that is present already (local.ts). Suites on several brokers: at-hand.ts.
import { startBroker } from './at-hand.ts';
import { findInstalled, findKind, wantedBrokers } from './local.ts';
import { Rabbit } from './rabbit.ts';
import { brokerNames, type BrokerKind } from './test-broker.ts';

export type BrokerSource =
  | { readonly type: 'given'; readonly url: string }
  | { readonly type: 'own'; readonly kind: BrokerKind }
  | { readonly type: 'missing'; readonly reason: string };

export const givenUrl = (): string | undefined => process.env['JETPACK_TEST_AMQP_URL'] || undefined;

export const findBroker = async (): Promise<BrokerSource> => {
  const url = givenUrl();
  if (url !== undefined) return { type: 'given', url };
  const reasons: string[] = [];
  for (const name of wantedBrokers() ?? brokerNames) {
    const kind = await findKind(name);
    if (!('lacking' in kind)) return { type: 'own', kind };
    reasons.push(kind.lacking);
  }
  return { type: 'missing', reason: ['JETPACK_TEST_AMQP_URL is not set', ...reasons].join(', ') };
};

/** Debian's, for what must look into its folder and processes. */
export const startRabbit = async (): Promise<Rabbit> => {
  const installed = await findInstalled();
  if (installed === undefined) throw new Error('this needs RabbitMQ installed: apt-get install rabbitmq-server');
  return Rabbit.start(installed);
};

export interface UsedBroker {
  readonly url: string;
  /** Ends what was started for this use. */
  dispose(): Promise<void>;
}

/** A broker's URL, or why there is none. */
export const brokerUrl = async (): Promise<UsedBroker | { readonly url: undefined; readonly reason: string }> => {
  const source = await findBroker();
  switch (source.type) {
    case 'given':
      return { url: source.url, dispose: () => Promise.resolve() };
    case 'own': {
      const broker = await startBroker(source.kind);
      return { url: broker.url(), dispose: () => broker.dispose() };
    }
    case 'missing':
      return { url: undefined, reason: source.reason };
  }
};
