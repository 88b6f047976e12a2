// What the end of a health check says about the node (reference, section 9): 0 is well, 254 asks for the node's end, anything
// else means that the check could not tell.
import type { ConditionStatus } from '../../../protocol/events.ts';
import { assertNever } from '../../../protocol/result.ts';
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

/** A line of a message; what a check wrote is in the details anyway. */
const longestReason = 300;

/** A check writes its error, then exits: the last line it wrote says it best. */
const lastLine = (text: string): string | undefined => {
  const line = text
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => line !== '');
  return line === undefined || line.length <= longestReason ? line : `${line.slice(0, longestReason)}…`;
};

const unknown = (message: string, tail = ''): Finding => ({ status: 'Unknown', message, ...(tail !== '' && { details: tail }) });

/** `refusal` completes "it …". */
export const refused = (refusal: string): Finding => unknown(`not run: it ${refusal}`);

/** Undefined: it was ended before it could say anything. */
export const findingOf = ({ ending, tail }: ScriptResult): Finding | undefined => {
  switch (ending.type) {
    case 'exited': {
      const { code } = ending;
      if (code === 0) return { status: 'OK' };
      if (code !== asksForTheEnd) return unknown(`exited with code ${code}`, tail);
      const ends = lastLine(tail) ?? `exited with code ${code}`;
      return { status: 'Error', message: `asks to end the node: ${ends}`, ends, ...(tail !== '' && { details: tail }) };
    }
    case 'signalled':
      return unknown(`ended by ${ending.signal}`, tail);
    case 'timedOut':
      return unknown(`timed out after ${ending.afterMs / 1_000} s`, tail);
    case 'unstartable':
      return refused(ending.reason);
    case 'aborted':
      return undefined;
    default:
      return assertNever(ending);
  }
};
