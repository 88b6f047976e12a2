// An actor system for tests: its clock stands still until a test moves it, its randomness repeats.
import { ManualClock } from '../../effects/manual-clock.ts';
import { silentLogger } from '../../effects/logger.ts';
import { seededRandom } from '../../effects/random.ts';
import type { Interceptor } from '../interceptor.ts';
import { createActorSystem } from '../runtime.ts';
import type { ActorSystem } from '../system.ts';

export interface World {
  readonly clock: ManualClock;
  readonly system: ActorSystem;
}

export const createWorld = (interceptors: readonly Interceptor[] = []): World => {
  const clock = new ManualClock();
  const system = createActorSystem({ name: 'test', clock, random: seededRandom(1), logger: silentLogger, interceptors });
  return { clock, system };
};

/** Lets the event loop go round, so that everything that only waits for a turn happens. */
export const settle = async (rounds = 30): Promise<void> => {
  for (let round = 0; round < rounds; round += 1) await new Promise((resolve) => setImmediate(resolve));
};

const patienceMs = 30_000;

/** Lets time go on, a millisecond and a turn of the event loop at a time, until the condition holds. */
export const until = async (clock: ManualClock, what: string, holds: () => boolean): Promise<void> => {
  for (let waited = 0; !holds(); waited += 1) {
    if (waited > patienceMs) throw new Error(`${patienceMs} ms went by in vain until ${what}`);
    await clock.advance(1);
    await settle(1);
  }
};
