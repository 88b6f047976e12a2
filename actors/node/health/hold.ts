// Why a check's request for the node's end is not passed on to the server now.
import type { AskResult } from '../../ref.ts';
import type { KeepaliveView } from '../keepalive/keepalive.ts';
import type { Condition } from './condition.ts';

export interface Hold {
  /** Completes "held off: …". */
  readonly why: string;
  /** For a person. */
  readonly recommendation: string;
  /** Whether a request that was made before is taken back as well. */
  readonly withdraws: boolean;
}

const whileKept = 'Look into it while the node is kept; `jetpack keepalive cancel` lets it end.';

export const byKeepalive: Hold = { why: 'a keepalive holds', recommendation: whileKept, withdraws: true };

const unasked: Hold = { why: 'whether a keepalive holds could not be asked', recommendation: whileKept, withdraws: true };

/** A request that an earlier life of the daemon made was made by a node that had converged. */
const unconverged: Hold = {
  why: 'the node has not converged yet',
  recommendation: 'A node that is still being set up may lack what the check looks for. It runs again when the converge has ended well.',
  withdraws: false,
};

/** Undefined when nothing speaks against a request. `answer`, `told`: what the keepalive said when it was asked, and last by itself. */
export const heldBy = (answer: AskResult<KeepaliveView>, told: boolean, converged: boolean): Hold | undefined => {
  if (!answer.ok) return unasked;
  if (answer.value.holds || told) return byKeepalive;
  return converged ? undefined : unconverged;
};

/** What a condition says of a check that asks for the node's end, for this reason, while something holds that off. */
export const heldOff = (reason: string, { recommendation, why }: Hold): Pick<Condition, 'message' | 'recommendation' | 'heldOff'> => ({
  message: `asks to end the node: ${reason}; held off: ${why}`,
  recommendation,
  heldOff: true,
});
