// Which broker the tests use that need any one: the one JETPACK_TEST_AMQP_URL names; else RabbitMQ installed here, else an image that
// is present already (local.ts), shared with the other suites of the run. Suites on several brokers: at-hand.ts.
import { startBroker } from './at-hand.ts';
import { findInstalled, findKind, wantedBrokers } from './local.ts';
import { Rabbit } from './rabbit.ts';
import { SharedBroker } from './shared/shared-broker.ts';
import { brokerNames, type BrokerKind, type OwnBroker } from './test-broker.ts';

export type BrokerSource =
  | { readonly type: 'given'; readonly url: string }
  | { readonly type: 'own'; readonly kind: BrokerKind }
  | { readonly type: 'missing'; readonly reason: string };

export const givenUrl = (): string | undefined => process.env['JETPACK_TEST_AMQP_URL'] || undefined;

/** The first kind that is at hand, or why there is none. */
const findFirst = async (): Promise<BrokerKind | { readonly lacking: string }> => {
  const reasons: string[] = [];
  for (const name of wantedBrokers() ?? brokerNames) {
    const kind = await findKind(name);
    if (!('lacking' in kind)) return kind;
    reasons.push(kind.lacking);
  }
  return { lacking: reasons.join(', ') };
};

export const findBroker = async (): Promise<BrokerSource> => {
  const url = givenUrl();
  if (url !== undefined) return { type: 'given', url };
  const kind = await findFirst();
  if (!('lacking' in kind)) return { type: 'own', kind };
  return { type: 'missing', reason: `JETPACK_TEST_AMQP_URL is not set, ${kind.lacking}` };
};

/** A place on the first kind that is at hand. Rejects when there is none. */
export const borrowAny = async (): Promise<SharedBroker> => {
  const kind = await findFirst();
  if ('lacking' in kind) throw new Error(`no broker to test on: ${kind.lacking}`);
  return SharedBroker.borrow(kind.name);
};

/** The same kind, of one's own. */
export const startAny = async (): Promise<OwnBroker> => {
  const kind = await findFirst();
  if ('lacking' in kind) throw new Error(`no broker to test on: ${kind.lacking}`);
  return startBroker(kind);
};

/** Debian's, of one's own, for what must look into its folder and processes. */
export const startRabbit = async (): Promise<Rabbit> => {
  const installed = await findInstalled();
  if (installed === undefined) throw new Error('this needs RabbitMQ installed: apt-get install rabbitmq-server');
  return Rabbit.start(installed);
};

export interface UsedBroker {
  readonly url: string;
  /** Takes away what was made for this use. */
  dispose(): Promise<void>;
}

/** A broker's URL, or why there is none. */
export const brokerUrl = async (): Promise<UsedBroker | { readonly url: undefined; readonly reason: string }> => {
  const source = await findBroker();
  switch (source.type) {
    case 'given':
      return { url: source.url, dispose: () => Promise.resolve() };
    case 'own': {
      const broker = await SharedBroker.borrow(source.kind.name);
      return { url: broker.url(), dispose: () => broker.dispose() };
    }
    case 'missing':
      return { url: undefined, reason: source.reason };
  }
};
