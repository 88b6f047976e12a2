// How a script ended, in words for people.
import { assertNever } from '../../protocol/result.ts';
import type { ScriptEnding, ScriptResult } from './scripts.ts';

/** A line of a message; all of what it wrote is told or kept elsewhere. */
const longest = 300;

/** A script writes its error, then exits: the last line it wrote says it best. Undefined when it wrote none. */
export const lastLine = (tail: string): string | undefined => {
  const line = tail
    .split('\n')
    .map((each) => each.trim())
    .findLast((each) => each !== '');
  return line === undefined || line.length <= longest ? line : `${line.slice(0, longest)}…`;
};

/** Completes "it …". Undefined when it ended well, or was ended by the daemon, which says nothing of the script. */
export const flawOf = (ending: ScriptEnding): string | undefined => {
  switch (ending.type) {
    case 'exited':
      return ending.code === 0 ? undefined : `exited with code ${ending.code}`;
    case 'signalled':
      return `ended by ${ending.signal}`;
    case 'timedOut':
      return `timed out after ${ending.afterMs / 1_000} s`;
    case 'unstartable':
      return `was not run: it ${ending.reason}`;
    case 'aborted':
      return undefined;
    default:
      return assertNever(ending);
  }
};

/** The same, with the last line of what it wrote, where it wrote one. */
export const flawWithLine = ({ ending, tail }: ScriptResult): string | undefined => {
  const [flaw, line] = [flawOf(ending), lastLine(tail)];
  return flaw === undefined || line === undefined ? flaw : `${flaw}: ${line}`;
};
