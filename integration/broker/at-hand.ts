// The brokers that a suite runs on, and one of them started.
import { ContainerBroker } from './container.ts';
import { findKind, wantedBrokers } from './local.ts';
import { Rabbit } from './rabbit.ts';
import { bandOf, bands, brokerNames, type BrokerKind, type BrokerName, type BrokerOptions, type OwnBroker } from './test-broker.ts';

/** One kind; rejects when this machine cannot start it. */
export const kindNamed = async (name: BrokerName): Promise<BrokerKind> => {
  const kind = await findKind(name);
  if ('lacking' in kind) throw new Error(`no broker '${name}' to test on: ${kind.lacking}`);
  return kind;
};

/** Whose versions are among none of these. */
export const bandsLacking = (versions: readonly string[]): readonly string[] => bands.filter((band) => !versions.some((version) => bandOf(version) === band));

/**
 * Every kind that this machine can start, or those that JETPACK_TEST_BROKERS names (a comma list). One that is missing is
 * left out with a line that says so; it is an error in CI, when it was asked for, and when there is none at all.
 * In CI they cover, unless chosen, every band of versions.
 */
export const brokersAtHand = async (): Promise<readonly BrokerKind[]> => {
  const wanted = wantedBrokers();
  const found = await Promise.all((wanted ?? brokerNames).map(async (name) => ({ name, kind: await findKind(name) })));
  const missing = found.flatMap(({ kind, name }) => ('lacking' in kind ? [`'${name}' (${kind.lacking})`] : []));
  const kinds = found.flatMap(({ kind }) => ('lacking' in kind ? [] : [kind]));
  if (missing.length > 0 && (process.env['CI'] === 'true' || wanted !== undefined || kinds.length === 0)) {
    throw new Error(`no broker to test on: ${missing.join(', ')}`);
  }
  if (missing.length > 0) process.stderr.write(`left out, for want of a broker: ${missing.join(', ')}\n`);
  const lacking = wanted === undefined ? bandsLacking(kinds.map(({ version }) => version)) : [];
  if (lacking.length > 0 && process.env['CI'] === 'true') throw new Error(`no broker to test on of the versions ${lacking.join(', ')}`);
  return kinds;
};

const numbers = (version: string): readonly number[] => version.split('.').map(Number);

/** `3.10.8` before `4.0.5`, and `4.9` before `4.10`. */
export const byVersion = (one: { readonly version: string }, other: { readonly version: string }): number => {
  const [first, second] = [numbers(one.version), numbers(other.version)];
  const place = first.findIndex((number, index) => number !== second[index]);
  return place === -1 ? 0 : (first[place] ?? 0) - (second[place] ?? 0);
};

/** The oldest and the newest of those, whatever their order: for suites of what no version does otherwise. */
export const oldestAndNewest = async (): Promise<readonly BrokerKind[]> => {
  const kinds = (await brokersAtHand()).toSorted(byVersion);
  return kinds.filter((_, index) => index === 0 || index === kinds.length - 1);
};

/** A broker of one's own, serving. */
export const startBroker = async (which: BrokerKind | BrokerName, options: BrokerOptions = {}): Promise<OwnBroker> => {
  const { source, version } = typeof which === 'string' ? await kindNamed(which) : which;
  switch (source.type) {
    case 'installed':
      return Rabbit.start({ bin: source.bin, version }, options);
    case 'image':
      return ContainerBroker.start({ image: source.image, version }, options);
  }
};
