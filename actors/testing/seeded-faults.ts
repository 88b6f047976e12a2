// Faults in any handler at any message, repeatable from a seed, with no message made for them.
import type { Random } from '../../effects/random.ts';
import type { Interceptor } from '../interceptor.ts';

const kinds = ['throws before', 'throws after', 'hangs before', 'hangs after'] as const;

export interface SeededFaults {
  readonly interceptor: Interceptor;
  /** What was done so far. */
  readonly counts: Readonly<Record<(typeof kinds)[number], number>>;
  /** No further fault. */
  stop(): void;
}

const forever = (): Promise<never> => Promise.withResolvers<never>().promise;

/** Lets a handler fail with probability `rate`: before it began or when it was done, with an error or by never ending. */
export const seededFaults = (random: Random, rate: number): SeededFaults => {
  const counts = { 'throws before': 0, 'throws after': 0, 'hangs before': 0, 'hangs after': 0 };
  let on = true;
  const interceptor: Interceptor = async (_handled, next) => {
    const kind = on && random.next() < rate ? kinds[Math.floor(random.next() * kinds.length)] : undefined;
    if (kind !== undefined) counts[kind] += 1;
    if (kind === 'throws before') throw new Error('a seeded fault before the handler');
    if (kind === 'hangs before') return forever();
    await next();
    if (kind === 'throws after') throw new Error('a seeded fault after the handler');
    return kind === 'hangs after' ? forever() : undefined;
  };
  return { interceptor, counts, stop: () => void (on = false) };
};
