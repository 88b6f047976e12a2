// The command line as data for shells: commander's definitions of all commands, with what may stand where.
import type { Command, Option } from 'commander';

/** What completes a value besides `choices`. */
export type ValueKind = 'word' | 'file' | 'folder';

export interface OptionShape {
  /** As they are typed: `--level`, `-p`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined: it takes none. */
  readonly value: { readonly kind: ValueKind; readonly choices: readonly string[] } | undefined;
}

export interface CommandShape {
  /** `/sync/wait`; '' for `jetpack` itself. */
  readonly place: string;
  readonly names: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionShape[];
  /** Choices of its first argument. */
  readonly words: readonly string[];
  /** Whether an argument may be a file of the caller. */
  readonly files: boolean;
  readonly commands: readonly CommandShape[];
}

/** By what stands for the value in the help. */
const kindOf = (placeholder: string): ValueKind => {
  if (/^(?:dir|folder)$/.test(placeholder)) return 'folder';
  return /path|file|dest|script/.test(placeholder) ? 'file' : 'word';
};

const optionShape = ({ argChoices = [], description, flags, long, short, ...option }: Option): OptionShape => {
  const [, placeholder] = /[<[]([^>\]]+)[>\]]/.exec(flags) ?? [];
  const takesValue = option.required || option.optional;
  return { names: [long, short].filter((name) => name !== undefined && name !== null), description, value: takesValue ? { kind: kindOf(placeholder ?? ''), choices: argChoices } : undefined };
};

/** The options of `command` and all those above it. */
const optionsOf = (command: Command): readonly OptionShape[] => {
  const help = command.createHelp();
  const above = command.parent === null ? [] : optionsOf(command.parent);
  const own = help.visibleOptions(command).map(optionShape);
  const taken = new Set(own.flatMap(({ names }) => names));
  return [...own, ...above.filter(({ names }) => !names.some((name) => taken.has(name)))];
};

const shapeAt = (command: Command, place: string): CommandShape => {
  const commands = command.createHelp().visibleCommands(command);
  const [first] = command.registeredArguments;
  return {
    place,
    names: [command.name(), ...command.aliases()],
    summary: command.summary(),
    options: optionsOf(command),
    words: first?.argChoices ?? [],
    files: command.registeredArguments.some((argument) => kindOf(argument.name()) !== 'word'),
    commands: commands.map((each) => shapeAt(each, `${place}/${each.name()}`)),
  };
};

export const shapeOf = (program: Command): CommandShape => shapeAt(program, '');

/** A command and all below it. */
export const flattened = (shape: CommandShape): readonly CommandShape[] => [shape, ...shape.commands.flatMap(flattened)];

/** For a shell, between single quotes. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Every way to type `option` at `place`, each as one word with both in it. */
export const optionKeys = (place: string, { names }: OptionShape): readonly string[] => names.map((name) => `${place} ${name}`);
