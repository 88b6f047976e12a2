// Why a converge failed, as the page of a cluster shows it: what, how it ended, and what to do about it.
import type { Card } from '../../../protocol/card.ts';
import { errors } from '../../../protocol/errors.ts';
import { assertNever, type Failure } from '../../../protocol/result.ts';
import type { ConvergeStep } from './ports.ts';
import type { ScriptEnding, ScriptResult } from '../scripts.ts';

const aspect = 'Software Configuration';
const uploadAndGoOn = 'put it into the locker, then: jetpack converge';

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

/** How it ended, for people. Undefined when it ended well. */
export const endingText = (ending: ScriptEnding): string | undefined => {
  switch (ending.type) {
    case 'exited':
      return ending.code === 0 ? undefined : `return code: ${ending.code}`;
    case 'signalled':
      return `killed by ${ending.signal}`;
    case 'timedOut':
      return `timed out after ${seconds(ending.afterMs)}`;
    case 'aborted':
      return 'ended because jetpackd stops';
    case 'unstartable':
      return `it ${ending.reason}`;
    default:
      return assertNever(ending);
  }
};

/** A carriage return that became part of a command or of a name: what shells and `env` say of it. */
const windowsLineEnds = /\\r['’]|\r['’]?: |\^M: bad interpreter/;

/** Exit codes above this are how a shell tells that a signal ended a command. */
const signalBase = 128;

const exitAdvice = (code: number): string => {
  if (code === 126) return `A command in the script cannot be executed: give it its execute bit or name its interpreter, ${uploadAndGoOn}`;
  if (code === 127) return `A command in the script was not found: correct its name, or install it in an earlier script, ${uploadAndGoOn}`;
  if (code === signalBase + 9) return `A command in the script was killed, which is often the kernel's answer to want of memory: give the node more or the script less to do, then: jetpack converge`;
  return `Mend the script, ${uploadAndGoOn}`;
};

const advice = ({ ending, tail }: ScriptResult): string => {
  const reason = ending.type === 'unstartable' ? ending.reason : '';
  if (/windows|carriage return|crlf/i.test(reason) || windowsLineEnds.test(tail)) return `Save the script with Unix line ends (LF, not CRLF), ${uploadAndGoOn}`;
  switch (ending.type) {
    case 'exited':
      return exitAdvice(ending.code);
    case 'signalled':
      return ending.signal === 'SIGKILL' ? exitAdvice(signalBase + 9) : `The script crashed: mend it, ${uploadAndGoOn}`;
    case 'timedOut':
      return `See in its output what the script waits for; make it end in time, ${uploadAndGoOn}`;
    case 'aborted':
      return 'Start jetpackd again: the converge goes on by itself';
    case 'unstartable':
      return `Correct the script's first line, or install the interpreter it names in an earlier script, ${uploadAndGoOn}`;
    default:
      return assertNever(ending);
  }
};

/** The card of a script that did not end well; undefined for one that did. */
export const scriptCard = ({ file, log, project, script, spec }: ConvergeStep, result: ScriptResult): Card | undefined => {
  const { ending, tail } = result;
  const how = endingText(ending);
  if (how === undefined) return undefined;
  return {
    summary: `Failed to execute cluster-init script '${file}' in project '${project}' (${how})`,
    recommendation: advice(result),
    aspect,
    project,
    spec,
    script,
    ...(ending.type === 'exited' ? { exitCode: ending.code } : { ending: how }),
    ...(tail === '' ? {} : { output: tail }),
    log,
  };
};

/** The card of anything else: the failure's own line, and what its code says to do. */
export const failureCard = ({ code, message }: Failure): Card => ({ summary: message, recommendation: errors[code].remedy, aspect });
