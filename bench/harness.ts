// The one way everything here is measured: peer and product take turns in the same process and minute, so that what the
// machine does besides hits both, and only their ratio is reported as a result. A ratio is of one pair of turns; the
// median of all pairs counts, with the lowest and highest beside it. Nothing is asserted: a benchmark informs.

/** One way to do the work. Whatever a turn builds, it also takes down. */
interface Side {
  readonly name: string;
  /** Does the work once; resolves with units a second. */
  readonly turn: () => Promise<number>;
}

/** A program that a peer needs. */
interface Need {
  readonly command: string;
  readonly debianPackage: string;
}

export interface Comparison {
  readonly name: string;
  /** What is counted: `messages`. */
  readonly unit: string;
  readonly peer: Side & { readonly needs?: Need };
  readonly product: Side;
  /** The ratio of product to peer that we want to reach. */
  readonly aim: number;
}

export interface Suite {
  readonly title: string;
  /** npm packages, and parts of Node by their names in `process.versions`, whose versions belong to the result. */
  readonly libraries: readonly string[];
  readonly comparisons: readonly Comparison[];
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly aim: number;
  readonly peer: { readonly name: string; readonly rate: Spread };
  readonly product: { readonly name: string; readonly rate: Spread };
  readonly ratio: Spread;
}

export interface Missing {
  readonly name: string;
  readonly missing: Need;
}

export const spread = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const half = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? at(Math.floor(half)) : (at(half - 1) + at(half)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
};

/** Measures one comparison: a warm-up turn of each, then `rounds` pairs of turns. */
const compare = async ({ name, unit, aim, peer, product }: Comparison, rounds: number): Promise<Measured> => {
  await peer.turn();
  await product.turn();
  const pairs: Array<{ readonly peer: number; readonly product: number }> = [];
  for (let round = 0; round < rounds; round += 1) pairs.push({ peer: await peer.turn(), product: await product.turn() });
  return {
    name,
    unit,
    aim,
    peer: { name: peer.name, rate: spread(pairs.map((pair) => pair.peer)) },
    product: { name: product.name, rate: spread(pairs.map((pair) => pair.product)) },
    ratio: spread(pairs.map((pair) => pair.product / pair.peer)),
  };
};

export const runSuite = async (suite: Suite, rounds: number, has: (command: string) => boolean): Promise<ReadonlyArray<Measured | Missing>> => {
  const results: Array<Measured | Missing> = [];
  for (const comparison of suite.comparisons) {
    const { needs } = comparison.peer;
    results.push(needs === undefined || has(needs.command) ? await compare(comparison, rounds) : { name: comparison.name, missing: needs });
  }
  return results;
};
