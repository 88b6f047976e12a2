// Who waits for a converge to begin. All that wait are one converge: it begins once, for each of them. Only one that was
// interrupted comes before those who want everything to run again, for half of everything has run in it already, and before those
// who want the projects from elsewhere than it.
import type { ConvergeTrigger } from '../../../protocol/events.ts';
import type { Result } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';
import type { ConvergeReport } from './messages.ts';
import { standsFor, type ConvergeRecord } from './record.ts';

/** Whoever asked for a converge. */
export interface Asker {
  readonly progress?: ((line: string) => void) | undefined;
  readonly reply: Reply<Result<ConvergeReport>>;
}

/** How many may wait for one converge, to begin or to end. */
export const mostAskers = 64;

export interface Ask {
  /** What the run is to be called; undefined for any name. Asked for again under its id, it goes on where it was. */
  readonly id: string | undefined;
  readonly trigger: ConvergeTrigger;
  readonly rerunScripts: boolean;
  readonly noSync: boolean;
  readonly debug: boolean;
  readonly strace: boolean;
  readonly asker: Asker;
}

export interface Wanted {
  /** Whether it is the boot's, with or without others. */
  readonly boot: boolean;
  /** Which attempt of the boot's it is. */
  readonly attempt: number;
  /** In the order of asking; of the first is the trigger, unless it is the boot's. */
  readonly asks: readonly Ask[];
}

/** The boot's `attempt`, for nobody in particular. */
export const bootWanted = (attempt: number): Wanted => ({ boot: true, attempt, asks: [] });

export const joined = (waiting: Wanted | undefined, { asks, attempt, boot }: Wanted): Wanted => ({
  attempt: Math.max(attempt, waiting?.attempt ?? 1),
  boot: boot || waiting?.boot === true,
  asks: [...(waiting?.asks ?? []), ...asks],
});

/** What of it the next run is for, and what waits on. */
export const dealt = ({ asks, attempt, boot }: Wanted, interrupted: ConvergeRecord | undefined): { readonly now: Wanted; readonly later: Wanted | undefined } => {
  const joins = ({ id, noSync, rerunScripts }: Ask): boolean =>
    interrupted === undefined || standsFor(interrupted, id) || (!rerunScripts && noSync === (interrupted.noSync === true));
  const others = asks.filter((ask) => !joins(ask));
  return { now: { boot, attempt, asks: asks.filter(joins) }, later: others.length === 0 ? undefined : { boot: false, attempt: 1, asks: others } };
};
