// What the end of a health check says about the node (reference, section 9): 0 is well, 254 asks for the node's end, anything
// else means that the check could not tell.
import type { ConditionStatus } from '../../../protocol/events.ts';
import { flawOf, lastLine } from '../script-ending.ts';
import type { ScriptResult } from '../scripts.ts';

export interface Finding {
  readonly status: ConditionStatus;
  /** One line for a person. Absent when all is well. */
  readonly message?: string;
  /** The end of what the check wrote. */
  readonly details?: string;
  /** The check asks for the node's end; why, in its own words. */
  readonly ends?: string;
}

const asksForTheEnd = 254;

const unknown = (message: string, tail = ''): Finding => ({ status: 'Unknown', message, ...(tail !== '' && { details: tail }) });

/** `refusal` completes "it …". */
export const refused = (refusal: string): Finding => unknown(`not run: it ${refusal}`);

/** Undefined: it was ended before it could say anything. */
export const findingOf = ({ ending, tail }: ScriptResult): Finding | undefined => {
  if (ending.type === 'aborted') return undefined;
  if (ending.type === 'unstartable') return refused(ending.reason);
  const flaw = flawOf(ending);
  if (flaw === undefined) return { status: 'OK' };
  if (ending.type !== 'exited' || ending.code !== asksForTheEnd) return unknown(flaw, tail);
  const ends = lastLine(tail) ?? flaw;
  return { status: 'Error', message: `asks to end the node: ${ends}`, ends, ...(tail !== '' && { details: tail }) };
};
