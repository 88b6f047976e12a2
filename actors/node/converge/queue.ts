// Who waits for a converge to begin. All that wait are one converge: it begins once, for each of them.
import type { ConvergeTrigger } from '../../../protocol/events.ts';
import type { Result } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';
import type { ConvergeReport } from './converge.ts';

/** Whoever asked for a converge. */
export interface Asker {
  readonly progress?: ((line: string) => void) | undefined;
  readonly reply: Reply<Result<ConvergeReport>>;
}

export interface Wanted {
  /** What the run is to be called; undefined for any name. Asked for again under its id, it goes on where it was. */
  readonly id?: string | undefined;
  readonly trigger: ConvergeTrigger;
  readonly rerunScripts: boolean;
  readonly askers: readonly Asker[];
}

/** The trigger is that of the first, but for the one at boot, which any of them is as soon as that is due. */
export const joined = (waiting: Wanted | undefined, wanted: Wanted): Wanted => {
  if (waiting === undefined) return wanted;
  return {
    id: waiting.id ?? wanted.id,
    trigger: wanted.trigger === 'boot' ? 'boot' : waiting.trigger,
    rerunScripts: waiting.rerunScripts || wanted.rerunScripts,
    askers: [...waiting.askers, ...wanted.askers],
  };
};
