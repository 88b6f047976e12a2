// The one way everything here is measured: the product and its peers take turns in the same process and minute, so that what
// the machine does besides hits all of them, and only their ratio is reported as a result. A ratio is of turns of one round;
// the median of all rounds counts, with the lowest and highest beside it. Nothing is asserted: a benchmark informs.

/** One way to do the work. Whatever a turn builds, it also takes down. */
interface Side {
  readonly name: string;
  /** Does the work once; resolves with units a second, or with the figure itself where the lower one is better. */
  readonly turn: () => Promise<number>;
}

/** The programs that a peer needs: of each one, or several with spaces between. */
interface Need {
  readonly command: string;
  readonly debianPackage: string;
}

export type Peer = Side & { readonly needs?: Need };

export interface Comparison {
  readonly name: string;
  /** What is counted: `messages`; of a figure where less is better, its unit: `ms`. */
  readonly unit: string;
  readonly peer: Peer;
  readonly product: Side;
  /** The ratio of product to peer that we want to reach; where less is better, not to pass. Undefined: it is only told. */
  readonly aim: number | undefined;
  /** Peers that take their turn in every round as well, each with an aim of its own or with none. */
  readonly others?: ReadonlyArray<Peer & { readonly aim?: number }>;
  readonly less?: boolean;
  /** One more run of the product, which tells where its time goes: shares of the whole by stage. */
  readonly shares?: () => Promise<Readonly<Record<string, number>>>;
}

/** What must not grow with the work that is done: measured once, early and late. */
export interface Growth {
  readonly name: string;
  /** The growth that we do not want to pass, as a share: 0.1. */
  readonly aim: number;
  readonly measure: () => Promise<readonly Grown[]>;
}

export interface Grown {
  readonly what: string;
  /** Bytes. */
  readonly early: number;
  readonly late: number;
}

export interface Suite {
  readonly title: string;
  /** npm packages, and parts of Node by their names in `process.versions`, whose versions belong to the result. */
  readonly libraries: readonly string[];
  readonly comparisons: readonly Comparison[];
  readonly growths?: readonly Growth[];
  /** Versions of programs that ran, once they have. */
  readonly versions?: () => Readonly<Record<string, string>>;
  /** Ends what the turns share. */
  readonly close?: () => Promise<void>;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

interface Figure {
  readonly name: string;
  readonly rate: Spread;
}

/** A further peer: measured, or missing. */
export type Beside = (Figure & { readonly ratio: Spread; readonly aim: number | undefined }) | { readonly name: string; readonly missing: Need };

export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly aim: number | undefined;
  readonly less: boolean;
  readonly peer: Figure;
  readonly product: Figure;
  readonly ratio: Spread;
  readonly others: readonly Beside[];
  readonly shares: Readonly<Record<string, number>> | undefined;
}

export interface Missing {
  readonly name: string;
  readonly missing: Need;
}

export interface MeasuredGrowth {
  readonly name: string;
  readonly aim: number;
  readonly growth: readonly Grown[];
}

export type Outcome = Measured | Missing | MeasuredGrowth;

export const spread = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const half = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? at(Math.floor(half)) : (at(half - 1) + at(half)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
};

type Has = (command: string) => boolean;

export const hasAll = ({ command }: Need, has: Has): boolean => command.split(' ').every(has);

const isThere = ({ needs }: Peer, has: Has): boolean => needs === undefined || hasAll(needs, has);

/** Whether an aim is reached by a median. */
export const reaches = (median: number, aim: number, less: boolean): boolean => (less ? median <= aim : median >= aim);

/** Measures one comparison: a warm-up turn of each, then `rounds` rounds of turns. */
const compare = async ({ name, unit, aim, peer, product, others = [], less = false, shares }: Comparison, rounds: number, has: Has): Promise<Measured> => {
  const present = others.filter((other) => isThere(other, has));
  const order = [peer, ...present, product];
  const readings = new Map<Side, number[]>(order.map((side) => [side, []]));
  for (const side of order) await side.turn();
  for (let round = 0; round < rounds; round += 1) for (const side of order) readings.get(side)?.push(await side.turn());
  const of = (side: Side): readonly number[] => readings.get(side) ?? [];
  const figure = (side: Side): Figure => ({ name: side.name, rate: spread(of(side)) });
  const ratio = (side: Side): Spread => spread(of(product).map((value, round) => value / (of(side)[round] ?? Number.NaN)));
  return {
    name,
    unit,
    aim,
    less,
    peer: figure(peer),
    product: figure(product),
    ratio: ratio(peer),
    others: others.map((other) =>
      other.needs === undefined || present.includes(other) ? { ...figure(other), ratio: ratio(other), aim: other.aim } : { name: other.name, missing: other.needs },
    ),
    shares: await shares?.(),
  };
};

/** Measures all of a suite; `done` is told each result as it comes. */
export const runSuite = async (suite: Suite, rounds: number, has: Has, done: (outcome: Outcome) => void = () => undefined): Promise<readonly Outcome[]> => {
  const results: Outcome[] = [];
  const add = (outcome: Outcome): void => {
    results.push(outcome);
    done(outcome);
  };
  try {
    for (const comparison of suite.comparisons) {
      const { needs } = comparison.peer;
      add(needs === undefined || hasAll(needs, has) ? await compare(comparison, rounds, has) : { name: comparison.name, missing: needs });
    }
    for (const { name, aim, measure } of suite.growths ?? []) add({ name, aim, growth: await measure() });
  } finally {
    await suite.close?.();
  }
  return results;
};

/** All that the peers of a suite need. */
export const needsOf = ({ comparisons }: Suite): readonly Need[] => comparisons.flatMap(({ peer, others = [] }) => [peer, ...others].flatMap(({ needs }) => needs ?? []));
