// `jetpack converge`: brings the node in step with its projects, or says what that would run (reference, section 5.3).
import type { Command } from 'commander';
import type { Card } from '../protocol/card.ts';
import type { LocalRequestOf } from '../protocol/local.ts';
import { columns } from './columns.ts';
import type { Envelope } from './envelope.ts';
import { harmlessLines } from './line.ts';

export interface ConvergeInvocation {
  readonly command: 'converge';
  /** Say what would run, and run nothing. */
  readonly plan: boolean;
  /** Also scripts that ended well before. */
  readonly rerunScripts: boolean;
}

/** As the daemon answers. */
interface Plan {
  readonly steps: ReadonlyArray<{ readonly project: string; readonly version: string; readonly spec: string; readonly script: string; readonly state: string }>;
  readonly warnings?: readonly string[];
}

interface Report {
  readonly ran: number;
  readonly skipped: number;
  readonly failed?: Card;
  readonly durationMs: number;
}

export const addConverge = (program: Command, invoke: (invocation: ConvergeInvocation) => void): void => {
  program
    .command('converge')
    .summary('run the scripts of the projects that have not run yet')
    .description(
      "Brings the node's projects from their locker and runs their scripts in order, those that have not run yet with this content.\n" +
        'The first one that fails ends it. Served on run/admin.sock: run it as the user of jetpackd.',
    )
    .option('--plan', 'say what would run, and run nothing')
    .option('--rerun-scripts', 'run scripts again that have run')
    .action(({ plan, rerunScripts }: { plan?: boolean; rerunScripts?: boolean }) => {
      invoke({ command: 'converge', plan: plan === true, rerunScripts: rerunScripts === true });
    });
};

export const convergeRequest = ({ plan, rerunScripts }: ConvergeInvocation, { id, trace }: Envelope): LocalRequestOf<'converge'> => ({
  verb: 'converge',
  id,
  plan,
  rerunScripts,
  ...(trace === undefined ? {} : { trace }),
});

const oneLine = (text: string): string => harmlessLines(text).join(' ');

/** A card for a person: several lines, each ended. */
export const cardText = ({ log, output, recommendation, summary }: Card): string => {
  const written = output === undefined || output.trim() === '' ? [] : ['  The end of its output:', ...harmlessLines(output).map((line) => `  | ${line}`)];
  const all = log === undefined ? [] : [`  All of it: ${oneLine(log)}`];
  return [oneLine(summary), ...written, ...all, `  What to do: ${oneLine(recommendation)}`].map((line) => `${line.trimEnd()}\n`).join('');
};

const duration = (ms: number): string => {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

const planText = ({ steps, warnings = [] }: Plan, rerun: boolean): string => {
  const rows = steps.map(({ project, script, spec, state, version }) => [
    oneLine(`${project} v${version}`),
    oneLine(spec),
    oneLine(script),
    rerun && state === 'has run' ? 'will run again' : oneLine(state),
  ]);
  const list = rows.length === 0 ? "nothing to run: the node's specs have no scripts\n" : columns([['project', 'spec', 'script', 'state'], ...rows]);
  return `${warnings.map((warning) => `${oneLine(warning)}\n`).join('')}${list}`;
};

const reportText = ({ durationMs, failed, ran, skipped }: Report): string => {
  const before = skipped === 0 ? '' : `, ${skipped} had run before`;
  const line = `converged: ${ran} ${ran === 1 ? 'script' : 'scripts'} ran${before}, in ${duration(durationMs)}\n`;
  return failed === undefined ? line : `${line}a failure was passed over, as cluster_init.fail_on_error says:\n${cardText(failed)}`;
};

/** What is printed for the daemon's result. */
export const presentConverge = ({ plan, rerunScripts }: ConvergeInvocation, result: unknown): string =>
  // The daemon and this command are of one version, or the handshake would have said so.
  plan ? planText(result as Plan, rerunScripts) : reportText(result as Report);
