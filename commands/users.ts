// `jetpack users`: the cluster's users (reference, section 5.10), from config/auth.json, which jetpackd writes from what the
// server tells; daemon or no daemon.
import { fail, ok, type Result } from '../protocol/result.ts';
import { loaded, type Run } from './command.ts';
import { lookUp } from './config-key.ts';
import { isTree, type ExactJson, type ExactTree } from './exact-json.ts';
import { examples } from './examples.ts';
import { printable } from './line.ts';
import { addForm, isJson, jsonText, styleFor } from './output.ts';
import { pythonText } from './python-text.ts';

export interface UsersInvocation {
  readonly command: 'users';
  /** Only the cluster's owner. */
  readonly owner: boolean;
  readonly json: boolean;
}

const listOf = (value: ExactJson | undefined): readonly ExactTree[] | undefined => (Array.isArray(value) ? value.filter(isTree) : undefined);

/** Those of auth.json, else those that node.json holds. Fails like the reading of either. */
const read = ({ node }: Run): Result<readonly ExactTree[]> => {
  const file = node.json('users');
  if (!file.ok) return file;
  const ours = listOf(file.value);
  if (ours !== undefined) return ok(ours);
  if (file.value !== undefined) return fail('config_damaged', 'config/auth.json is not a list of users');
  const config = node.configTree();
  return config.ok ? ok(listOf(lookUp(config.value.tree, 'cyclecloud.users')) ?? []) : config;
};

/** As the original prints one: these members, in this order (reference, section 5.10). */
const shown = (user: ExactTree): ExactTree => {
  const { fullName = '', isAdmin = false, isOwner = false, name = '', publicKeys = [], uid = null } = user;
  return { fullName, isAdmin, isOwner, name, publicKeys, uid };
};

const cells = ({ fullName = '', isAdmin = false, isOwner = false, name = '', uid = '' }: ExactTree): readonly string[] =>
  [name, fullName, uid, isAdmin, isOwner].map((value) => printable(pythonText(value)));

export const users = loaded<UsersInvocation>({
  add(program, invoke) {
    addForm(
      program
        .command('users')
        .summary("show the cluster's users")
        .description("Shows the users of the cluster: name, full name, uid, and whether each is an administrator, and the cluster's owner.")
        .option('--owner', 'only the owner')
        .addHelpText('after', examples('jetpack users', 'jetpack users --owner --json')),
      'as JSON: a list, or with --owner the one object',
    ).action(({ owner, ...form }: { readonly owner?: true; readonly json?: true }) => invoke({ command: 'users', owner: owner === true, json: isJson(form) }));
  },
  async perform({ json, owner }, run) {
    const found = read(run);
    if (!found.ok) return found;
    const chosen = owner ? found.value.filter(({ isOwner }) => isOwner === true) : found.value;
    const [first] = chosen;
    if (owner && first === undefined) return fail('key_missing', 'the cluster has no owner that this node knows of');
    if (json) return ok({ out: jsonText(owner && first !== undefined ? shown(first) : chosen.map(shown)) });
    const head = ['Username', 'Full Name', 'UID', 'Is Admin', 'Is Owner'];
    return ok({ out: styleFor(run.host.terminal, run.host.env).table([head, ...chosen.map(cells)]) });
  },
});
