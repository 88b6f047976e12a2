// `jetpack props`: reads a node's properties, and sets some (reference, section 5.2). They are the configuration under other names,
// and what was set; `get` answers from files, daemon or no daemon.
import type { Command } from 'commander';
import type { LocalRequestOf } from '../protocol/local.ts';
import { fail, ok, type Result } from '../protocol/result.ts';
import { askDaemon } from './ask.ts';
import { loaded, type Refuse, type Run, type Said } from './command.ts';
import { answerConfig } from './config.ts';
import { lookUp } from './config-key.ts';
import type { Envelope } from './envelope.ts';
import { isTree } from './exact-json.ts';
import { examples } from './examples.ts';
import { say } from './line.ts';
import { propertiesOf } from './properties.ts';

export type PropsInvocation =
  | { readonly command: 'props get'; readonly key?: string; readonly fallback?: string; readonly json: boolean }
  /** `value` undefined: no longer set. */
  | { readonly command: 'props set'; readonly key: string; readonly value: string | undefined };

/** As the local protocol bounds them. */
const longestKey = 255;
const longestValue = 64 * 1024;

const keyRefusal = (key: string): string | undefined => {
  if (key.length > longestKey) return `the key has ${key.length} characters: at most ${longestKey} are allowed`;
  if (/\p{Cc}/u.test(key) || key.split('.').some((word) => word === '' || word === '__proto__')) return 'the key is not words joined by dots';
  return undefined;
};

const add = (program: Command, invoke: (invocation: PropsInvocation) => void, refuse: Refuse): void => {
  const props = program
    .command('props')
    .summary('read or set properties of the node')
    .description(
      'Properties of this node: of its system (os.id), its machine (azure.vm_size, vm.hostname), its cluster (cyclecloud.cluster), ' +
        'and those that were set here.',
    )
    .helpCommand(false);
  props
    .command('get')
    .summary('print a property, or all of them')
    .description('Prints a property, or all of them as JSON. DEFAULT is printed when there is no such property; without it that is an error.')
    .argument('[key]', 'words joined by dots, such as os.id')
    .argument('[default]', 'printed as it is when there is no such property')
    .option('--json', 'print JSON: objects as they are, anything else as an object with the key as its one member')
    .addHelpText('after', examples('jetpack props get os.id', 'jetpack props get azure.vm_size unknown', 'jetpack props get --json'))
    .action((key: string | undefined, fallback: string | undefined, { json }: { readonly json?: true }) => {
      invoke({ command: 'props get', ...(key === undefined ? {} : { key }), ...(fallback === undefined ? {} : { fallback }), json: json === true });
    });
  const setting = (key: string, value: string | undefined): void => {
    const wrong = keyRefusal(key) ?? (value !== undefined && Buffer.byteLength(value) > longestValue ? `the value has more than ${longestValue} bytes, the most that is allowed` : undefined);
    if (wrong === undefined) invoke({ command: 'props set', key, value });
    else refuse({ code: 'usage', message: wrong });
  };
  props
    .command('set')
    .summary('set a property')
    .description('Sets a property: on this node and on the server. Served on run/admin.sock: run it as the user of jetpackd.')
    .argument('<key>', 'words joined by dots')
    .argument('<value>', 'a text; after -- it may start with a dash')
    .addHelpText('after', examples('jetpack props set rack.name r12'))
    .action((key: string, value: string) => setting(key, value));
  props
    .command('unset')
    .summary('take a property back that was set')
    .description('Takes back a property that was set. Served on run/admin.sock: run it as the user of jetpackd.')
    .argument('<key>', 'words joined by dots')
    .addHelpText('after', examples('jetpack props unset rack.name'))
    .action((key: string) => setting(key, undefined));
};

export const propertyRequest = ({ key, value }: Extract<PropsInvocation, { command: 'props set' }>, { at, id, trace }: Envelope): LocalRequestOf<'property'> => ({
  verb: 'property',
  id,
  at,
  key,
  ...(value === undefined ? {} : { value }),
  ...(trace === undefined ? {} : { trace }),
});

const get = ({ fallback, json, key }: Extract<PropsInvocation, { command: 'props get' }>, { host, node }: Run): Result<Said> => {
  const config = node.configTree();
  const set = node.json('properties');
  const wereSet = set.ok && isTree(set.value) ? set.value : {};
  if (!config.ok) {
    // What was set is an answer all the same; that something was not is none.
    const found = key === undefined ? undefined : lookUp(wereSet, key);
    if (found === undefined || isTree(found)) return config;
  } else if (!set.ok) return set;
  if (config.ok && config.value.warning !== undefined) host.err(say('jetpack props get', config.value.warning));
  const tree = propertiesOf(config.ok ? config.value.tree : {}, wereSet);
  const answered = answerConfig(tree, { command: 'config', json: json || key === undefined, ...(key === undefined ? {} : { key }), ...(fallback === undefined ? {} : { fallback }) });
  if ('out' in answered) return ok({ out: answered.out });
  return fail(answered.code, `the node has no property '${(key ?? '').slice(0, longestKey)}'`);
};

export const props = loaded<PropsInvocation>({
  add,
  needsDaemon: { 'props set': true, 'props unset': true },
  async perform(invocation, run) {
    switch (invocation.command) {
      case 'props get':
        return get(invocation, run);
      case 'props set':
        return askDaemon(run, { request: propertyRequest(invocation, run.envelope), socket: 'admin', present: () => '' });
    }
  },
});
