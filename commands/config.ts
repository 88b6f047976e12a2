// `jetpack config`: reads the node's configuration (reference, section 5.1). It never writes: a second argument is what a
// missing key prints.
import type { Command } from 'commander';
import type { Failure } from '../protocol/result.ts';
import { lookUp } from './config-key.ts';
import { isTree, type ExactJson, type ExactTree } from './exact-json.ts';
import { pythonText } from './python-text.ts';

export interface ConfigInvocation {
  readonly command: 'config';
  /** Dotted; absent: the whole tree. */
  readonly key?: string;
  /** Printed as it is when the key is missing. */
  readonly fallback?: string;
  readonly json: boolean;
}

interface ConfigOptions {
  readonly json?: true;
}

/** What goes to standard output, or why nothing does. */
export type ConfigAnswer = { readonly out: string; readonly exit: 0 } | Failure;

export const addConfig = (program: Command, invoke: (invocation: ConfigInvocation) => void): void => {
  program
    .command('config')
    .summary("read the node's configuration")
    .description(
      "Prints what stands under a key of the node's configuration, or all of it. It only reads: DEFAULT is printed when\n" +
        'there is no such key, and without it that is an error. Works with or without jetpackd.\n' +
        'Booleans, lists and objects are printed as Python does: True, None, [1, 2].',
    )
    .argument('[key]', 'words joined by dots, such as cyclecloud.node.name; elements of lists by their index, from 0')
    .argument('[default]', 'printed as it is when there is no such key; after -- it may start with a dash')
    .option('--json', 'print JSON: objects as they are, anything else as an object with the key as its one member')
    .action((key: string | undefined, fallback: string | undefined, { json }: ConfigOptions) => {
      invoke({ command: 'config', ...(key === undefined ? {} : { key }), ...(fallback === undefined ? {} : { fallback }), json: json === true });
    });
};

const longestKey = 200;

const shownKey = (key: string): string => (key.length <= longestKey ? key : `${key.slice(0, longestKey)}…`);

const asJson = (key: string, value: ExactJson): string => JSON.stringify(isTree(value) ? value : Object.fromEntries([[key, value]]), null, 4);

/** Fails with `key_missing`. */
export const answerConfig = (tree: ExactTree, { fallback, json, key }: ConfigInvocation): ConfigAnswer => {
  const found = key === undefined ? tree : lookUp(tree, key);
  const value = found === undefined ? fallback : found;
  if (value === undefined) return { code: 'key_missing', message: `the configuration has no key '${shownKey(key ?? '')}'` };
  return { out: `${json ? asJson(key ?? '', value) : pythonText(value)}\n`, exit: 0 };
};
