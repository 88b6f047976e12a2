// The command line of `jetpack`: arguments in, what to do out.
import { Command, CommanderError } from 'commander';
import type { Failure } from '../protocol/result.ts';
import { addLog, type LogInvocation } from './log.ts';
import { addSend, type SendInvocation } from './send.ts';

export type Invocation = LogInvocation | SendInvocation;

export type Parsed =
  /** Text for standard output, exit code 0: help or version. */
  | { readonly type: 'text'; readonly text: string }
  /** `command` is how the failing command is called: `jetpack log`. */
  | { readonly type: 'refused'; readonly command: string; readonly failure: Failure }
  | { readonly type: 'invoked'; readonly home: string | undefined; readonly invocation: Invocation };

/** Help is as wide as this everywhere, so that it reads the same in a terminal, a log and a test. */
const helpWidth = 100;

/** commander's words without its own prefix and full stop, and with what would be right. */
const explain = ({ code, message }: CommanderError, takesMessage: boolean): string => {
  const said = message.replace(/^error: /, '').replace(/\.$/, '');
  switch (code) {
    case 'commander.unknownOption':
      return takesMessage ? `${said}; a message that starts with a dash goes after --` : said;
    case 'commander.excessArguments':
      return `${said}; quote a message of several words`;
    case 'commander.help':
      return 'a command is missing: log or send';
    default:
      return said;
  }
};

export const parseCommandLine = (argv: readonly string[], version: string): Parsed => {
  let text = '';
  let failing = 'jetpack';
  let outcome: Parsed | undefined;

  const program = new Command('jetpack')
    .description('Speaks to jetpackd, the agent on this node of the cluster.')
    .option('--home <dir>', "the node's home (default: JETPACK_HOME, CYCLECLOUD_HOME or /opt/cycle/jetpack)")
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (part) => (text += part), writeErr: () => undefined, getOutHelpWidth: () => helpWidth, getOutHasColors: () => false })
    .exitOverride();

  const invoke = (invocation: Invocation): void => {
    outcome = { type: 'invoked', home: program.opts<{ home?: string }>().home, invocation };
  };
  addLog(program, invoke);
  addSend(program, invoke, (failure) => {
    outcome = { type: 'refused', command: 'jetpack send', failure };
  });
  for (const command of program.commands) {
    command.exitOverride((error) => {
      failing = `jetpack ${command.name()}`;
      throw error;
    });
  }

  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { type: 'text', text };
    return { type: 'refused', command: failing, failure: { code: 'usage', message: explain(error, failing !== program.name()) } };
  }
  if (outcome === undefined) throw new Error('a command line was neither refused nor invoked');
  if (outcome.type === 'invoked' && outcome.home === '') {
    return { type: 'refused', command: failing, failure: { code: 'usage', message: "option '--home <dir>' is empty" } };
  }
  return outcome;
};
