// `jetpack config`: reads the node's configuration (reference, section 5.1). It never writes: a second argument is what a
// missing key prints.
import type { Command } from 'commander';
import { ok, type Failure, type Result } from '../protocol/result.ts';
import { loaded, type CommandDefinition, type Run, type Said } from './command.ts';
import { lookUp } from './config-key.ts';
import { isTree, type ExactJson, type ExactTree } from './exact-json.ts';
import { examples } from './examples.ts';
import { say } from './line.ts';
import { pythonText } from './python-text.ts';

export interface ConfigInvocation {
  readonly command: 'config';
  /** Dotted; absent: the whole tree. */
  readonly key?: string;
  /** Printed as it is when the key is missing. */
  readonly fallback?: string;
  readonly json: boolean;
  /** Text as it is, anything else as JSON on one line. */
  readonly raw?: true;
  readonly watch?: true;
  readonly explain?: true;
}

interface ConfigOptions {
  readonly json?: true;
  readonly raw?: true;
  readonly watch?: true;
  readonly explain?: true;
}

/** What goes to standard output, or why nothing does. */
export type ConfigAnswer = { readonly out: string; readonly exit: 0 } | Failure;

/** What does not go together. */
const refusalOf = (key: string | undefined, { explain, json, raw, watch }: ConfigOptions): string | undefined => {
  if (json === true && raw === true) return "options '--json' and '--raw' do not go together";
  if (explain === true && (watch === true || raw === true)) return `options '--explain' and '--${watch === true ? 'watch' : 'raw'}' do not go together`;
  return explain === true && key === undefined ? "option '--explain' needs a key" : undefined;
};

const add: CommandDefinition<ConfigInvocation>['add'] = (program: Command, invoke, refuse) => {
  program
    .command('config')
    .summary("read the node's configuration")
    .description(
      "Prints what stands under a key of the node's configuration, or all of it. It only reads: DEFAULT is printed when " +
        'there is no such key, and without it that is an error.\n' +
        'Booleans, lists and objects are printed as Python does: True, None, [1, 2].',
    )
    .argument('[key]', 'words joined by dots, such as cyclecloud.node.name; elements of lists by their index, from 0')
    .argument('[default]', 'printed as it is when there is no such key; after -- it may start with a dash')
    .option('--json', 'print JSON: objects as they are, anything else as an object with the key as its one member')
    .option('--raw', 'print text as it is, and anything else as JSON on one line: true, null, [1,2]')
    .option('--watch', 'print it again whenever it has changed, until interrupted')
    .option('--explain', 'show which layers of the configuration have the key, the one that counts first')
    .addHelpText('after', examples('jetpack config cyclecloud.node.name', 'jetpack config slurm.autoscale False', 'jetpack config cyclecloud.cluster --json'))
    .action((key: string | undefined, fallback: string | undefined, options: ConfigOptions) => {
      const refusal = refusalOf(key, options);
      if (refusal !== undefined) return refuse({ code: 'usage', message: refusal });
      const { explain, json, raw, watch } = options;
      const flags = { ...(raw && { raw }), ...(watch && { watch }), ...(explain && { explain }) };
      return invoke({ command: 'config', ...(key === undefined ? {} : { key }), ...(fallback === undefined ? {} : { fallback }), json: json === true, ...flags });
    });
};

const longestKey = 200;

const shownKey = (key: string): string => (key.length <= longestKey ? key : `${key.slice(0, longestKey)}…`);

const asJson = (key: string, value: ExactJson): string => JSON.stringify(isTree(value) ? value : Object.fromEntries([[key, value]]), null, 4);

export const missingKey = (key: string): string => `the configuration has no key '${shownKey(key)}'`;

const asRaw = (value: ExactJson): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Fails with `key_missing`. */
export const answerConfig = (tree: ExactTree, { fallback, json, key, raw }: ConfigInvocation): ConfigAnswer => {
  const found = key === undefined ? tree : lookUp(tree, key);
  const value = found === undefined ? fallback : found;
  if (value === undefined) return { code: 'key_missing', message: missingKey(key ?? '') };
  return { out: `${json ? asJson(key ?? '', value) : raw === true ? asRaw(value) : pythonText(value)}\n`, exit: 0 };
};

/** From the file alone, daemon or no daemon. */
export const readAnswer = (invocation: ConfigInvocation, { host, node }: Run): Result<Said> => {
  const read = node.configTree();
  if (!read.ok) return read;
  // Before the answer, and also when there is none: a key may be missing because an older copy served.
  if (read.value.warning !== undefined) host.err(say('jetpack config', read.value.warning));
  const answered = answerConfig(read.value.tree, invocation);
  return 'out' in answered ? ok({ out: answered.out }) : { ok: false, error: answered };
};

const perform: CommandDefinition<ConfigInvocation>['perform'] = async (invocation, run) => {
  if (invocation.watch === true) return (await import('./config-watch.ts')).watchConfig(invocation, run);
  if (invocation.explain === true) return (await import('./config-explain.ts')).explainConfig(invocation, run);
  return readAnswer(invocation, run);
};

export const config = loaded({ add, perform, needsDaemon: { config: ['--watch', '--explain'] }, ownProcess: ({ watch }) => watch === true });
