// A moment by the boot clock, as it is kept: it tells whether the machine has begun anew since.
import type { BootClock } from '../../effects/boot-clock.ts';

export interface BootMoment {
  readonly bootId: string;
  /** By the boot clock of that boot, whole milliseconds: a machine that is taken back to a snapshot of its memory has the boot id of then, and an earlier moment. */
  readonly sinceBoot: number;
}

export const bootMoment = (bootClock: BootClock): BootMoment => ({ bootId: bootClock.bootId(), sinceBoot: Math.floor(bootClock.sinceBoot()) });

export const isOfThisBoot = (bootClock: BootClock, { bootId, sinceBoot }: BootMoment): boolean => bootId === bootClock.bootId() && bootClock.sinceBoot() >= sinceBoot;
