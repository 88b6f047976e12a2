// The command line of `jetpack`: arguments in, what to do out. It loads the command that is called; for help, and for what is
// no command, all of them.
import { Command, CommanderError } from 'commander';
import type { Failure } from '../protocol/result.ts';
import type { LoadedCommand, Work } from './command.ts';
import { commands, commandWord } from './table.ts';

export type Parsed =
  /** Text for standard output, exit code 0: help or version. */
  | { readonly type: 'text'; readonly text: string }
  /** `command` is how the failing command is called: `jetpack log`. */
  | { readonly type: 'refused'; readonly command: string; readonly failure: Failure }
  | { readonly type: 'invoked'; readonly command: string; readonly home: string | undefined; readonly work: Work };

/** Help is as wide as this everywhere, so that it reads the same in a terminal, a log and a test. */
const helpWidth = 100;

/** Commands whose argument is a person's message. */
const takesMessage: ReadonlySet<string> = new Set(['log', 'send']);

/** The command whose arguments are another program's, by both its names. */
const takesScript: ReadonlySet<string> = new Set(['run_on_shutdown', 'run-on-shutdown']);

/** commander's words without its own prefix and full stop, and with what would be right. */
const explain = ({ code, message }: CommanderError, failing: Command): string => {
  const said = message.replace(/^error: /, '').replace(/\.$/, '');
  switch (code) {
    case 'commander.unknownOption':
      if (takesScript.has(failing.name())) return `${said}; what is meant for the script goes after --`;
      return takesMessage.has(failing.name()) ? `${said}; a message that starts with a dash goes after --` : said;
    case 'commander.excessArguments':
      return takesMessage.has(failing.name()) ? `${said}; quote a message of several words` : said;
    case 'commander.help':
      return `a command is missing: one of ${failing.createHelp().visibleCommands(failing).map((command) => command.name()).join(', ')}`;
    default:
      return said;
  }
};

/** The command that is called by the name it has in the table. */
const calledName = (argv: readonly string[]): string | undefined => {
  const word = commandWord(argv);
  // Names of two words are known with a dash too.
  return [word, word?.replaceAll('-', '_')].find((each) => each !== undefined && Object.hasOwn(commands, each));
};

const loadFor = (name: string | undefined): Promise<readonly LoadedCommand[]> => {
  const called = name === undefined ? undefined : commands[name];
  return Promise.all((called === undefined ? Object.values(commands) : [called]).map((load) => load()));
};

const createProgram = (version: string, write: (text: string) => void): Command =>
  new Command('jetpack')
    .description('Speaks to jetpackd, the agent on this node of the cluster.')
    .option('--home <dir>', "the node's home (default: JETPACK_HOME, CYCLECLOUD_HOME or /opt/cycle/jetpack)")
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({ writeOut: write, writeErr: () => undefined, getOutHelpWidth: () => helpWidth, getOutHasColors: () => false })
    .exitOverride();

/** With all commands, for those who only look at it. */
export const wholeProgram = async (): Promise<Command> => {
  const program = createProgram('', () => undefined);
  const nothing = (): void => undefined;
  for (const load of Object.values(commands)) (await load()).add(program, nothing, nothing);
  return program;
};

/** How a command is called: `jetpack sync wait`. */
const calledAs = (command: Command): string => (command.parent === null ? command.name() : `${calledAs(command.parent)} ${command.name()}`);

/** Reads lines one after the other: commander forgets a line when the next one begins. */
class Reader {
  readonly #program: Command;
  #failing: Command;
  #text = '';
  #outcome: Parsed | undefined;

  constructor(version: string, loaded: readonly LoadedCommand[]) {
    const program = createProgram(version, (part) => (this.#text += part));
    const invoke = (work: Work): void => {
      this.#outcome = { type: 'invoked', command: calledAs(this.#failing), home: program.opts<{ home?: string }>().home, work };
    };
    const refuse = (failure: Failure): void => {
      this.#outcome = { type: 'refused', command: calledAs(this.#failing), failure };
    };
    for (const command of loaded) command.add(program, invoke, refuse);
    this.#program = program;
    this.#failing = program;
    this.#watch(program);
  }

  read(argv: readonly string[]): Parsed {
    this.#failing = this.#program;
    this.#text = '';
    this.#outcome = undefined;
    try {
      this.#program.parse(argv, { from: 'user' });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.exitCode === 0) return { type: 'text', text: this.#text };
      return { type: 'refused', command: calledAs(this.#failing), failure: { code: 'usage', message: explain(error, this.#failing) } };
    }
    const outcome = this.#parsed();
    if (outcome.type === 'invoked' && outcome.home === '') {
      return { type: 'refused', command: this.#program.name(), failure: { code: 'usage', message: "option '--home <dir>' is empty" } };
    }
    return outcome;
  }

  #parsed(): Parsed {
    if (this.#outcome === undefined) throw new Error('a command line was neither refused nor invoked');
    return this.#outcome;
  }

  #watch(parent: Command): void {
    for (const command of parent.commands) {
      command.exitOverride((error) => {
        this.#failing = command;
        throw error;
      });
      command.hook('preAction', (_called, acting) => {
        this.#failing = acting;
      });
      this.#watch(command);
    }
  }
}

interface Kept {
  /** What the lines were read for: it stands in their help. */
  readonly version: string;
  readonly reader: Reader;
  /** What lines came to, by their words. Scripts call the same line again and again, in loops and at each job. */
  readonly lines: Map<string, Parsed>;
}

/** By the command's name, for a daemon that has the same few called again and again. */
const kept = new Map<string | undefined, Kept>();

/** Of a command, at most. */
const keptLines = 32;

/** Characters. Of a line that is longer, nothing is kept. */
const shortLine = 4_096;

/** Commands whose lines seldom come again, and whose texts are nobody else's: nothing of them is kept. */
const hasTextOfItsOwn: ReadonlySet<string> = new Set(['log', 'send', 'props']);

const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
};

const keptFor = async (name: string | undefined, version: string): Promise<Kept> => {
  const found = kept.get(name);
  if (found?.version === version) return found;
  const made: Kept = { version, reader: new Reader(version, await loadFor(name)), lines: new Map() };
  kept.set(name, made);
  return made;
};

export const parseCommandLine = async (argv: readonly string[], version: string): Promise<Parsed> => {
  const name = calledName(argv);
  const line = JSON.stringify(argv);
  if (line.length > shortLine) return new Reader(version, await loadFor(name)).read(argv);
  const { lines, reader } = await keptFor(name, version);
  const known = lines.get(line);
  if (known !== undefined) return known;
  const parsed = reader.read(argv);
  if (name !== undefined && hasTextOfItsOwn.has(name)) return parsed;
  // One caller's outcome is the next one's, who may do nothing to it; the oldest gives way.
  if (parsed.type === 'invoked') freeze(parsed.work.invocation);
  for (const oldest of lines.keys()) if (lines.size >= keptLines) lines.delete(oldest);
  lines.set(line, parsed);
  return parsed;
};
