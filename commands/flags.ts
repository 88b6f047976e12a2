// Options of the long-running programs (jetpackd, cycle-server, the cluster in a box): `--name VALUE`, `--name=VALUE`, or
// an environment variable. The `jetpack` command has subcommands and its own parser.
import { parseArgs } from 'node:util';
import { fail, ok, type Result } from '../protocol/result.ts';

interface Flag {
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  readonly env?: string;
  readonly help: string;
}

export type FlagTable = Readonly<Record<string, Flag>>;

/** Values by flag: text, or `true` for a switch. Absent when neither option nor variable gave one. */
export type FlagValues<T extends FlagTable> = {
  readonly [K in keyof T]?: T[K] extends { readonly value: string } ? string : true;
};

export interface Environment {
  readonly [name: string]: string | undefined;
}

/** `verbs`: what the program does besides, a line each. */
export const helpText = (program: string, about: string, table: FlagTable, verbs: readonly string[] = []): string => {
  const rows = Object.entries(table).map(([name, flag]) => {
    const left = flag.value === undefined ? `--${name}` : `--${name} ${flag.value}`;
    const env = flag.env === undefined ? '' : ` (or ${flag.env})`;
    return `  ${left.padEnd(24)} ${flag.help}${env}`;
  });
  const also = verbs.length === 0 ? [] : ['', 'Also, each with --help:', '', ...verbs.map((verb) => `  ${verb}`)];
  return [`Usage: ${program} [options]`, '', about, '', ...rows, `  ${'-h, --help'.padEnd(24)} this text`, ...also, ''].join('\n');
};

/** A word of the command line as a line may repeat it: whoever mistook the place of a URL has not asked for its password to be shown. */
export const shown = (word: string): string => {
  const from = word.indexOf('://');
  const to = word.lastIndexOf('@');
  return from === -1 || to < from ? word : `${word.slice(0, from)}://***${word.slice(to)}`;
};

/** `usage` names the option that is wrong and points to the help. */
export const parseFlags = <T extends FlagTable>(
  program: string,
  table: T,
  argv: readonly string[],
  env: Environment,
): Result<FlagValues<T> & { readonly help?: true }> => {
  const wrong = (what: string): Result<never> => fail('usage', `${program}: ${what}; see ${program} --help`);
  const entries = Object.entries(table);
  const options = Object.fromEntries([
    ...entries.map(([name, flag]) => [name, { type: flag.value === undefined ? ('boolean' as const) : ('string' as const) }] as const),
    ['help', { type: 'boolean' as const, short: 'h' }] as const,
  ]);
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, string | true> = {};
  for (const [name, flag] of entries) {
    const fromEnv = flag.env === undefined ? undefined : env[flag.env];
    if (fromEnv !== undefined && fromEnv !== '') values[name] = fromEnv;
  }
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') return wrong(`unexpected argument '${shown(token.value)}'`);
    const flag = token.name === 'help' ? { help: '' } : Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (flag === undefined) return wrong(`unknown option '${shown(token.rawName)}'`);
    if (flag.value === undefined) {
      if (token.value !== undefined) return wrong(`option '${token.rawName}' takes no value`);
      values[token.name] = true;
    } else {
      if (token.value === undefined || token.value === '') return wrong(`option '${token.rawName}' needs a value: ${flag.value}`);
      values[token.name] = token.value;
    }
  }
  // The loop above wrote text for flags with a value and `true` for switches, which is what FlagValues says.
  return ok(values as FlagValues<T> & { readonly help?: true });
};
