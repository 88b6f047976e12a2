// What `jetpack status` says of each part of a node, whoever it has it from: the daemon, or the files that one left.
import { printable } from './line.ts';
import { localTime } from './local-time.ts';
import { presentShutdown } from './shutdown.ts';
import type { Mood, Style } from './output.ts';

/** As the daemon answers (actors/node/gateway/status.ts); a part is missing when its actor was silent. */
export interface Status {
  readonly cluster: string;
  readonly node: string;
  readonly version: string;
  /** What `jetpack --version` says. */
  readonly answersAs: string;
  readonly broker: string;
  /** Absent until it was connected. */
  readonly product?: string;
  readonly outbox: { readonly rows: number; readonly bytes: number };
  readonly sync?: { readonly link: string; readonly phase: string; readonly detail?: string };
  readonly config?: { readonly revision?: number; readonly problem?: { readonly code: string; readonly message: string } };
  readonly health?: {
    readonly conditions: ReadonlyArray<{ readonly name: string; readonly status: string; readonly message?: string }>;
    readonly lastRoundAt?: number;
    readonly running: boolean;
    readonly termination?: { readonly check: string; readonly reason: string };
  };
  readonly keepalive?: unknown;
  readonly converge?: {
    readonly last?: {
      readonly outcome: string;
      readonly done: number;
      readonly total: number;
      readonly step?: string;
      readonly endedAt?: number;
      readonly failure?: { readonly summary: string };
    };
  };
  readonly lifecycle?: { readonly shutdown?: { readonly since?: number }; readonly endScripts: number };
  readonly silent: readonly string[];
}

/** A name, lines, and whether what they say is well; undefined: that is not for us to judge. */
export type Part = readonly [name: string, lines: readonly string[], mood?: Mood | undefined];

const noAnswer = 'no answer';

/** All of it is to be on one screen. */
const mostChecks = 8;

/** The first so many, and how many more there are. */
const firstOf = (lines: readonly string[]): readonly string[] =>
  lines.length <= mostChecks ? lines : [...lines.slice(0, mostChecks), `and ${lines.length - mostChecks} more: jetpack health`];

export const configLines = ({ problem, revision }: NonNullable<Status['config']>): readonly string[] => {
  const known = revision === undefined ? 'none from the server yet' : `revision ${revision}`;
  return [known, ...(problem === undefined ? [] : [`node.json does not hold it: ${problem.message} (${problem.code})`])];
};

const whenRun = ({ lastRoundAt, running }: NonNullable<Status['health']>): string =>
  running ? ', running now' : lastRoundAt === undefined ? ', not run yet' : `, last at ${localTime(lastRoundAt)}`;

/** `when` the checks found that; default: as the daemon says. */
export const healthLines = (health: NonNullable<Status['health']>, when = whenRun(health)): readonly string[] => {
  const { conditions, termination } = health;
  const ok = conditions.filter(({ status }) => status === 'OK').length;
  const bad = conditions.filter(({ status }) => status !== 'OK').map(({ name, status, message }) => `${name} is ${status}${message === undefined ? '' : `: ${message}`}`);
  const ends = termination === undefined ? [] : [`asks the server to end this node: ${termination.check}: ${termination.reason}`];
  return [`${ok} of ${conditions.length} checks OK${when}`, ...firstOf(bad), ...ends];
};

export const convergeLines = ({ last }: NonNullable<Status['converge']>): readonly string[] => {
  if (last === undefined) return ['none yet'];
  const { done, endedAt, failure, outcome, step, total } = last;
  const scripts = `${outcome}: ${done} of ${total} scripts`;
  if (outcome === 'running') return [`${scripts}${step === undefined ? '' : `, now ${step}`}`];
  const when = endedAt === undefined ? '' : `, ended at ${localTime(endedAt)}`;
  return [`${scripts}${when}`, ...(failure === undefined ? [] : [failure.summary])];
};

export const endLines = ({ endScripts, shutdown }: NonNullable<Status['lifecycle']>): readonly string[] => {
  const since = shutdown?.since === undefined ? '' : `, since ${localTime(shutdown.since)}`;
  const wish = shutdown === undefined ? 'not asked for' : `${presentShutdown(shutdown)}${since}`;
  const before = `${endScripts === 1 ? '1 script runs' : `${endScripts} scripts run`} before an end: jetpack run_on_shutdown --list`;
  return endScripts === 0 ? [wish] : [wish, before];
};

export const part = <T>(name: string, told: T | undefined, lines: (told: T) => readonly string[], mood: (told: T) => Mood | undefined = () => undefined): Part =>
  told === undefined ? [name, [noAnswer], 'doubtful'] : [name, lines(told), mood(told)];

export const phaseMoods: Readonly<Record<string, Mood>> = { ready: 'good', failed: 'bad' };
export const convergeMoods: Readonly<Record<string, Mood>> = { succeeded: 'good', failed: 'bad' };

export const healthMood = ({ conditions, termination }: NonNullable<Status['health']>): Mood => {
  if (termination !== undefined) return 'bad';
  return conditions.every(({ status }) => status === 'OK' || status === 'NA') ? 'good' : 'doubtful';
};

/** A line for each of a part, whose name stands before the first. */
export const partsTable = (parts: readonly Part[], { paint, table }: Style): string => {
  const painted = (line: string, index: number, mood: Mood | undefined): string => (index === 0 && mood !== undefined ? paint(mood, printable(line)) : printable(line));
  return table(parts.flatMap(([name, lines, mood]) => lines.map((line, index) => [index === 0 ? name : '', painted(line, index, mood)])));
};
