import { settle, type World } from '../../actors/testing/world.ts';
import type { RunningSupervisor } from '../supervisor.ts';

/** Drains what a test has begun, and forgets it: a minute is more than anything takes that is under way. */
export const endRunning = async (running: Array<{ readonly root: RunningSupervisor; readonly world: World }>): Promise<void> => {
  for (const { root, world } of running.splice(0)) {
    const drained = root.drain();
    await settle();
    await world.clock.advance(60_000);
    await drained;
    world.system.stop();
  }
};
