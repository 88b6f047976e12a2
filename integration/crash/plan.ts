// Who is killed, and when: a list drawn from a seed, so that a run can be repeated.
import { seededRandom } from '../../effects/random.ts';
import { nodeStages, serverStages, type Stage } from './stages.ts';

export const server = 'server';
export const nodes = ['node-1', 'node-2'] as const;
export const victims = [server, ...nodes] as const;

export type VictimName = (typeof victims)[number];

export type Moment =
  /** So long after its start, ready or not. */
  | { readonly type: 'starting'; readonly afterMs: number }
  /** So long after it serves. */
  | { readonly type: 'serving'; readonly afterMs: number }
  /** When it comes to this stage for the nth time. */
  | { readonly type: 'stage'; readonly stage: Stage; readonly nth: number };

export interface Kill {
  readonly victim: VictimName;
  readonly moment: Moment;
}

/** A start takes about as long. */
const startingMs = 500;
const servingMs = 600;
/** The share of kills by time that hit a start. */
const startingShare = 1 / 4;
const mostPasses = 12;

/** Every second kill at a time, every other at a stage; victims are drawn alike. */
export const planKills = (seed: number, count: number): readonly Kill[] => {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const pick = <T>(values: readonly [T, ...T[]]): T => values[below(values.length)] ?? values[0];
  const byTime = (): Moment =>
    random.next() < startingShare ? { type: 'starting', afterMs: below(startingMs) } : { type: 'serving', afterMs: below(servingMs) };
  const byStage = (victim: VictimName): Moment => {
    const stage = victim === server ? pick(serverStages) : pick(nodeStages);
    return { type: 'stage', stage, nth: 1 + below(mostPasses) };
  };
  return Array.from({ length: count }, (_, index) => {
    const victim = pick(victims);
    return { victim, moment: index % 2 === 0 ? byStage(victim) : byTime() };
  });
};
