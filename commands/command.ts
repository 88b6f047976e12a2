// What a command of `jetpack` consists of: how its line is read, and what it then does. Each is one file, loaded only
// when it is called.
import type { Command } from 'commander';
import type { Failure, Result } from '../protocol/result.ts';
import type { Envelope } from './envelope.ts';
import type { Host, NodeAccess } from './host.ts';

/** What a command that ended well says. */
export interface Said {
  /** On standard output. */
  readonly out: string;
  /** Default 0. */
  readonly exit?: 0 | 1;
  /** A line on standard error. */
  readonly note?: string | undefined;
}

/** One run. */
export interface Run {
  readonly host: Host;
  readonly node: NodeAccess;
  readonly envelope: Envelope;
}

export type Refuse = (failure: Failure) => void;

/** By command: `true`, or the words of its line that make it so, such as `--run`. */
export type Needs = Readonly<Record<string, true | readonly string[]>>;

/** `I`: what its arguments come to, as data. */
export interface CommandDefinition<I> {
  /** Adds the command to the program; `invoke` or `refuse` is called when its line was read. */
  readonly add: (program: Command, invoke: (invocation: I) => void, refuse: Refuse) => void;
  readonly perform: (invocation: I, run: Run) => Promise<Result<Said>>;
  /**
   * Which of its commands, as they are typed, only jetpackd can answer: all of one (`true`), or what is named. Its help says so. What is
   * not here does what can be done without it.
   */
  readonly needsDaemon?: Needs;
  /** Whether it prints while it works or takes long, so that only a process of its own can do it; default: it does not. */
  readonly ownProcess?: (invocation: I) => boolean;
}

/** An invocation with what it does. */
export interface Work {
  readonly invocation: unknown;
  readonly perform: (run: Run) => Promise<Result<Said>>;
  readonly ownProcess: boolean;
}

/** A command whose invocations only it can tell apart. */
export interface LoadedCommand {
  readonly needsDaemon: Needs;
  readonly add: (program: Command, invoke: (work: Work) => void, refuse: Refuse) => void;
}

const listed = (words: readonly string[]): string => [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((each) => each !== '').join(' and ');

const needLine = (need: true | readonly string[]): string =>
  need === true ? 'Needs jetpackd: it fails where that does not answer.' : `Needs jetpackd for ${listed(need)}; without, it answers from what is in the home.`;

const sayNeeds = (program: Command, needs: Needs): void => {
  for (const [name, need] of Object.entries(needs)) {
    let command: Command | undefined = program;
    for (const word of name.split(' ')) command = command?.commands.find((each) => each.name() === word);
    if (command === undefined) throw new Error(`there is no command ${name}`);
    command.description(`${command.description()}\n${needLine(need)}`);
  }
};

export const loaded = <I>({ add, needsDaemon = {}, ownProcess = () => false, perform }: CommandDefinition<I>): LoadedCommand => ({
  needsDaemon,
  add(program, invoke, refuse) {
    add(program, (invocation) => invoke({ invocation, perform: (run) => perform(invocation, run), ownProcess: ownProcess(invocation) }), refuse);
    sayNeeds(program, needsDaemon);
  },
});
