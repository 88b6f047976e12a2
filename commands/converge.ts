// `jetpack converge`: brings the node in step with its projects, or says what that would run (reference, section 5.3).
import { Argument, Option } from 'commander';
import type { Card } from '../protocol/card.ts';
import type { LocalRequestOf } from '../protocol/local.ts';
import { askDaemon } from './ask.ts';
import { cardText, oneLine } from './card-text.ts';
import { loaded, type CommandDefinition } from './command.ts';
import type { Envelope } from './envelope.ts';
import { examples } from './examples.ts';
import { addForm, isJson, jsonText, styleFor, type Form, type Style } from './output.ts';

export interface ConvergeInvocation {
  readonly command: 'converge';
  /** Say what would run, and run nothing. */
  readonly plan: boolean;
  /** Also scripts that ended well before. */
  readonly rerunScripts: boolean;
  /** With the projects as they lie in the home. */
  readonly noSync?: true;
  /** Tell of every step. */
  readonly debug?: true;
  /** With the system calls of each script beside its log. */
  readonly strace?: true;
  readonly json?: true;
}

interface ConvergeOptions {
  readonly plan?: true;
  readonly rerunScripts?: true;
  /** Of `--no-sync`. */
  readonly sync: boolean;
  readonly debug?: true;
  readonly strace?: true;
  readonly json?: true;
  readonly output?: Form;
}

const longestMs = 24 * 3_600_000;

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

const add: CommandDefinition<ConvergeInvocation>['add'] = (program, invoke, refuse) => {
  const command = program
    .command('converge')
    .summary('run the scripts of the projects that have not run yet')
    .description(
      "Brings the node's projects from their locker and runs their scripts in order, those that have not run yet with this content.\n" +
        'The first one that fails ends it. Served on run/admin.sock: run it as the user of jetpackd.\n' +
        'There is one kind of converge, with scripts and no Chef: what --mode and --cluster-init ask for is what it does anyway.',
    )
    .option('--plan', 'say what would run, and run nothing')
    .option('--rerun-scripts', 'run scripts again that have run')
    .option('--no-sync', 'bring nothing from the locker: run what lies in the home, with whatever was changed there')
    .addOption(new Option('--mode <mode>', 'the first converge of a node, or a later one: both do the same').choices(['install', 'maintenance']))
    .option('--cluster-init', 'run scripts only, which is what a converge does')
    .option('--debug', 'tell of every step, how each script is run (of its environment the names) and how it ends')
    .option('--strace', 'write the system calls of each script into a file beside its log, .strace; needs strace')
    .addArgument(new Argument('[strace]', 'the same as --strace').choices(['strace']))
    .addHelpText('after', examples('jetpack converge', 'jetpack converge --plan --json', 'jetpack converge --no-sync --rerun-scripts --debug'));
  addForm(command).action((word: 'strace' | undefined, { debug, plan, rerunScripts, strace = word === undefined ? undefined : true, sync, ...form }: ConvergeOptions) => {
    const runs = [...(sync ? [] : ['--no-sync']), ...(debug === true ? ['--debug'] : []), ...(strace === true ? ['--strace'] : [])];
    if (plan === true && runs[0] !== undefined) return refuse({ code: 'usage', message: `options '--plan' and '${runs[0]}' do not go together` });
    const wishes = { ...(sync ? {} : { noSync: true as const }), ...(debug && { debug }), ...(strace && { strace }), ...(isJson(form) && { json: true as const }) };
    return invoke({ command: 'converge', plan: plan === true, rerunScripts: rerunScripts === true, ...wishes });
  });
};

export const convergeRequest = ({ debug, noSync, plan, rerunScripts, strace }: ConvergeInvocation, { id, trace }: Envelope): LocalRequestOf<'converge'> => ({
  verb: 'converge',
  id,
  plan,
  rerunScripts,
  ...(noSync && { noSync }),
  ...(debug && { debug }),
  ...(strace && { strace }),
  ...(trace === undefined ? {} : { trace }),
});

const duration = (ms: number): string => {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

/** With what `--rerun-scripts` makes of it. */
const planned = ({ steps, ...rest }: Plan, rerun: boolean): Plan => ({ steps: rerun ? steps.map((step) => (step.state === 'has run' ? { ...step, state: 'will run again' } : step)) : steps, ...rest });

const planText = ({ steps, warnings = [] }: Plan, { table }: Style): string => {
  const rows = steps.map(({ project, script, spec, state, version }) => [oneLine(`${project} v${version}`), oneLine(spec), oneLine(script), oneLine(state)]);
  const list = rows.length === 0 ? "nothing to run: the node's specs have no scripts\n" : table([['project', 'spec', 'script', 'state'], ...rows]);
  return `${warnings.map((warning) => `${oneLine(warning)}\n`).join('')}${list}`;
};

const reportText = ({ durationMs, failed, ran, skipped }: Report): string => {
  const before = skipped === 0 ? '' : `, ${skipped} had run before`;
  const line = `converged: ${ran} ${ran === 1 ? 'script' : 'scripts'} ran${before}, in ${duration(durationMs)}\n`;
  return failed === undefined ? line : `${line}a failure was passed over, as cluster_init.fail_on_error says:\n${cardText(failed)}`;
};

/** What is printed for the daemon's result. */
export const presentConverge = ({ json, plan, rerunScripts }: ConvergeInvocation, result: unknown, style: Style): string => {
  // The daemon and this command are of one version, or the handshake would have said so.
  const shown = plan ? planned(result as Plan, rerunScripts) : (result as Report);
  if (json === true) return jsonText(shown);
  return 'steps' in shown ? planText(shown, style) : reportText(shown);
};

export const converge = loaded<ConvergeInvocation>({
  add,
  needsDaemon: { converge: true },
  ownProcess: () => true,
  perform: (invocation, run) =>
    askDaemon(run, {
      request: convergeRequest(invocation, run.envelope),
      socket: 'admin',
      withinMs: longestMs,
      present: (result) => presentConverge(invocation, result, styleFor(run.host.terminal, run.host.env)),
    }),
});
