// A keepalive as it is kept over restarts, and how long it still lasts.
//
// Within a boot the boot clock decides, which neither a step of the time of day nor a suspension can mislead; after another boot
// there is only the time of day. A machine that is taken back to a snapshot of its memory has the boot id of then: where the boot clock
// stands before the moment the keepalive was set, it counts as another boot. The time of day may be anything on a machine whose clock has lost its battery, so what remains is
// never more than what was asked for.
import type { Json } from '../../../protocol/configuration.ts';
import type { BootClock } from '../../../effects/boot-clock.ts';
import type { Clock } from '../../../effects/clock.ts';

interface Term {
  /** By the wall clock, milliseconds. */
  readonly expiresAt: number;
  readonly bootId: string;
  /** By the boot clock of that boot, milliseconds. */
  readonly expiresSinceBoot: number;
  /** When this was written, by the same clock. */
  readonly setSinceBoot: number;
  readonly durationMs: number;
}

export interface Keep {
  readonly reason: string | undefined;
  /** By the wall clock, milliseconds. */
  readonly setAt: number;
  /** Undefined: for ever. */
  readonly term: Term | undefined;
}

export interface Clocks {
  readonly clock: Clock;
  readonly bootClock: BootClock;
}

/** The wall clock may go this far off before what is kept, and was told, is corrected. */
const toleranceMs = 5_000;

const termOf = ({ bootClock, clock }: Clocks, remainingMs: number, durationMs: number): Term => {
  const setSinceBoot = bootClock.sinceBoot();
  return { expiresAt: Math.round(clock.now() + remainingMs), bootId: bootClock.bootId(), expiresSinceBoot: setSinceBoot + remainingMs, setSinceBoot, durationMs };
};

/** `now`: by the boot clock, which takes its time to read: once for each look. */
const isOfThisBoot = (bootClock: BootClock, { bootId, setSinceBoot }: Term, now: number): boolean => bootId === bootClock.bootId() && now >= setSinceBoot;

export const newKeep = (clocks: Clocks, durationMs: number | undefined, reason: string | undefined): Keep => ({
  reason,
  setAt: clocks.clock.now(),
  term: durationMs === undefined ? undefined : termOf(clocks, durationMs, durationMs),
});

/** Undefined: for ever. Not above 0: it is over. */
export const remainingMs = ({ bootClock, clock }: Clocks, { term }: Keep): number | undefined => {
  if (term === undefined) return undefined;
  const now = bootClock.sinceBoot();
  const left = isOfThisBoot(bootClock, term, now) ? term.expiresSinceBoot - now : term.expiresAt - clock.now();
  return Math.min(left, term.durationMs);
};

/** The same keepalive by the clocks of now, when what is kept is of another boot or the wall clock was moved; undefined when it is right. */
export const anchored = (clocks: Clocks, keep: Keep): Keep | undefined => {
  const { term } = keep;
  const left = remainingMs(clocks, keep);
  if (term === undefined || left === undefined) return undefined;
  const sameBoot = isOfThisBoot(clocks.bootClock, term, clocks.bootClock.sinceBoot());
  const sameWall = Math.abs(clocks.clock.now() + left - term.expiresAt) <= toleranceMs;
  return sameBoot && sameWall ? undefined : { ...keep, term: termOf(clocks, left, term.durationMs) };
};

export const keepJson = ({ reason, setAt, term }: Keep): Json => ({
  ...(reason !== undefined && { reason }),
  setAt,
  ...(term === undefined ? { forever: true } : { ...term }),
});

const isNumber = (value: Json | undefined): value is number => typeof value === 'number';

/** Undefined for what no version of this program wrote. */
export const readKeep = (json: Json): Keep | undefined => {
  if (json === null || typeof json !== 'object' || !('setAt' in json)) return undefined;
  const { bootId, durationMs, expiresAt, expiresSinceBoot, forever, reason, setAt, setSinceBoot } = json;
  if (!isNumber(setAt) || (reason !== undefined && typeof reason !== 'string')) return undefined;
  if (forever === true) return { reason, setAt, term: undefined };
  if (typeof bootId !== 'string' || !isNumber(durationMs) || !isNumber(expiresAt) || !isNumber(expiresSinceBoot)) return undefined;
  // Not kept by the first versions: it was then, or later.
  const set = isNumber(setSinceBoot) ? setSinceBoot : expiresSinceBoot - durationMs;
  return { reason, setAt, term: { expiresAt, bootId, expiresSinceBoot, setSinceBoot: set, durationMs } };
};
