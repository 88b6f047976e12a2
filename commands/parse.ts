// The command line of `jetpack`: arguments in, what to do out.
import { Command, CommanderError } from 'commander';
import type { Failure } from '../protocol/result.ts';
import { addConfig, type ConfigInvocation } from './config.ts';
import { addConverge, type ConvergeInvocation } from './converge.ts';
import { addHealth, type HealthInvocation } from './health.ts';
import { addInspect, type InspectInvocation } from './inspect.ts';
import { addKeepalive, type KeepaliveInvocation } from './keepalive.ts';
import { addLog, type LogInvocation } from './log.ts';
import { addSend, type SendInvocation } from './send.ts';
import { addStatus, type StatusInvocation } from './status.ts';
import { addSync, type WaitInvocation } from './sync-wait.ts';

export type Invocation =
  | ConfigInvocation
  | ConvergeInvocation
  | HealthInvocation
  | InspectInvocation
  | KeepaliveInvocation
  | LogInvocation
  | SendInvocation
  | StatusInvocation
  | WaitInvocation;

export type Parsed =
  /** Text for standard output, exit code 0: help or version. */
  | { readonly type: 'text'; readonly text: string }
  /** `command` is how the failing command is called: `jetpack log`. */
  | { readonly type: 'refused'; readonly command: string; readonly failure: Failure }
  | { readonly type: 'invoked'; readonly home: string | undefined; readonly invocation: Invocation };

/** Help is as wide as this everywhere, so that it reads the same in a terminal, a log and a test. */
const helpWidth = 100;

/** Commands whose argument is a person's message. */
const takesMessage: ReadonlySet<string> = new Set(['log', 'send']);

/** commander's words without its own prefix and full stop, and with what would be right. */
const explain = ({ code, message }: CommanderError, failing: Command): string => {
  const said = message.replace(/^error: /, '').replace(/\.$/, '');
  switch (code) {
    case 'commander.unknownOption':
      return takesMessage.has(failing.name()) ? `${said}; a message that starts with a dash goes after --` : said;
    case 'commander.excessArguments':
      return takesMessage.has(failing.name()) ? `${said}; quote a message of several words` : said;
    case 'commander.help':
      return `a command is missing: one of ${failing.commands.map((command) => command.name()).join(', ')}`;
    default:
      return said;
  }
};

export const parseCommandLine = (argv: readonly string[], version: string): Parsed => {
  let text = '';
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
  const refuse = (command: string) => (failure: Failure) => {
    outcome = { type: 'refused', command, failure };
  };
  addConfig(program, invoke);
  addConverge(program, invoke);
  addHealth(program, invoke);
  addInspect(program, invoke);
  addKeepalive(program, invoke, refuse('jetpack keepalive'));
  addLog(program, invoke);
  addSend(program, invoke, refuse('jetpack send'));
  addStatus(program, invoke);
  addSync(program, invoke, refuse('jetpack sync wait'));
  let failing = { name: program.name(), command: program };
  const noteFailures = (parent: Command, path: string): void => {
    for (const command of parent.commands) {
      const name = `${path} ${command.name()}`;
      command.exitOverride((error) => {
        failing = { name, command };
        throw error;
      });
      noteFailures(command, name);
    }
  };
  noteFailures(program, program.name());

  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { type: 'text', text };
    return { type: 'refused', command: failing.name, failure: { code: 'usage', message: explain(error, failing.command) } };
  }
  if (outcome === undefined) throw new Error('a command line was neither refused nor invoked');
  if (outcome.type === 'invoked' && outcome.home === '') {
    return { type: 'refused', command: failing.name, failure: { code: 'usage', message: "option '--home <dir>' is empty" } };
  }
  return outcome;
};
