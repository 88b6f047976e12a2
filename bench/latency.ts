// The latency of two sides, message by message in turn: a machine that is busy for a moment is busy for both, and what one of
// them leaves behind, such as garbage, the other meets as often. Two runs of their own, one after the other, would be two weathers.
import { systemClock } from '../effects/clock.ts';

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Publishes one message, or makes one request, and resolves when it is confirmed or answered. */
export type SendOne = () => Promise<void>;

/** Opens what sending takes, runs, and takes it down. */
export type Sending = <T>(run: (send: SendOne) => Promise<T>) => Promise<T>;

export interface LatencyPair {
  readonly peer: Latency;
  readonly product: Latency;
}

/** The value that a share `of` of all values does not pass. */
export const percentile = (values: readonly number[], of: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * of) - 1)] ?? Number.NaN;
};

const latencyOf = (spent: readonly number[]): Latency => ({ p50: percentile(spent, 0.5), p99: percentile(spent, 0.99) });

/** Has each side do its work so many times, in turn, one at a time; a tenth more before that does not count. */
export const inTurn = async (times: number, peer: SendOne, product: SendOne): Promise<LatencyPair> => {
  const spent = { peer: [] as number[], product: [] as number[] };
  const once = async (work: SendOne, into: number[], counts: boolean): Promise<void> => {
    const begun = systemClock.monotonic();
    await work();
    if (counts) into.push(systemClock.monotonic() - begun);
  };
  for (let index = -Math.ceil(times / 10); index < times; index += 1) {
    await once(peer, spent.peer, index >= 0);
    await once(product, spent.product, index >= 0);
  }
  return { peer: latencyOf(spent.peer), product: latencyOf(spent.product) };
};

/** Turns of a comparison: the peer's measures both sides, and the product's, which follows, tells what was measured of it. */
export const latencyTurns = (what: keyof Latency, measure: () => Promise<LatencyPair>): { readonly peer: () => Promise<number>; readonly product: () => Promise<number> } => {
  let measured: Promise<LatencyPair> | undefined;
  return {
    peer: async () => {
      measured = measure();
      return (await measured).peer[what];
    },
    product: async () => {
      if (measured === undefined) throw new Error('the turn of the product comes after that of its peer');
      return (await measured).product[what];
    },
  };
};
