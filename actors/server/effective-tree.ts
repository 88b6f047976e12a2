// What configuration a node has: layers put over one another. Pure.
//
// Lowest first: the template's configuration, that of the node's entry in it, settings of the cluster, settings of the node (each
// in the order they were made), and then what only the template can say: `roles`, `cyclecloud.cluster_init_specs` and
// `cyclecloud.locker`. Ids come last and yet are the lowest (ids.ts). Objects merge deeply, all other values replace. A tree shares
// every branch that no layer touched with the layer it came from, and nothing here changes one. A member named `__proto__` is dropped:
// no program means one.
import type { ClusterTemplate, NodeEntry } from '../../protocol/cluster-template.ts';
import type { Json, Tree } from '../../protocol/configuration.ts';
import { limits } from '../../protocol/limits.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import { isTree } from '../../protocol/tree.ts';
import type { Setting } from './order-ports.ts';

/** The largest tree, bytes of JSON. */
const treeBytes = 1024 * 1024;

/** Levels of nesting: a frame that carries a tree has some of its own. */
const treeDepth = limits.depth - 8;

export const merge = (below: Tree, above: Tree): Tree => {
  const merged: Record<string, Json> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (key === '__proto__') continue;
    const under = Object.hasOwn(below, key) ? below[key] : undefined;
    merged[key] = isTree(value) ? merge(isTree(under) ? under : {}, value) : value;
  }
  return merged;
};

/** `a.b.c` and a value as the tree that holds nothing else. */
const branch = (key: string, value: Json): Tree => {
  const inner = key.split('.').reduceRight<Json>((tree, segment) => ({ [segment]: tree }), value);
  // A key has one segment at least, so this is the tree of the first.
  return isTree(inner) ? inner : {};
};

export const withSettings = (tree: Tree, settings: readonly Setting[]): Tree =>
  settings.reduce((merged, { key, value }) => merge(merged, branch(key, value)), tree);

/** Whether a pattern, in which `*` stands for any text, fits all of a name. */
const fits = (pattern: string, name: string): boolean => {
  let [inPattern, inName, star, resume] = [0, 0, -1, 0];
  while (inName < name.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern;
      resume = inName;
      inPattern += 1;
    } else if (pattern[inPattern] === name[inName]) {
      inPattern += 1;
      inName += 1;
    } else if (star >= 0) {
      // The last star takes one character more.
      resume += 1;
      inPattern = star + 1;
      inName = resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(inPattern));
};

/** The entry of a template that a node takes, by its name there: its own, else the first pattern that fits. */
export const entryOf = ({ nodes = {} }: ClusterTemplate, node: string): { readonly name: string; readonly entry: NodeEntry } | undefined => {
  const name = Object.hasOwn(nodes, node) ? node : Object.keys(nodes).find((pattern) => fits(pattern, node));
  const entry = name === undefined ? undefined : nodes[name];
  return name === undefined || entry === undefined ? undefined : { name, entry };
};

/** The layers of the template and of its cluster's settings: what all nodes of an entry have in common. */
export const commonTree = (template: ClusterTemplate, entry: NodeEntry | undefined, settings: readonly Setting[]): Tree =>
  withSettings(merge(merge({}, template.configuration ?? {}), entry?.configuration ?? {}), settings);

/** The last layer. */
export const withTemplateFacts = (tree: Tree, { specs = [], locker }: ClusterTemplate, entry: NodeEntry | undefined): Tree => {
  // A spec's members are strings, numbers and booleans; those that are absent are no members of JSON.
  const all = [...specs, ...(entry?.specs ?? [])].map((spec) => JSON.parse(JSON.stringify(spec)) as Tree);
  return merge(tree, {
    roles: entry?.roles ?? [],
    cyclecloud: { cluster_init_specs: all, ...(locker === undefined ? {} : { locker }) },
  });
};

const depthOf = (value: Json): number =>
  typeof value === 'object' && value !== null ? 1 + Object.values(value).reduce((most: number, inner: Json) => Math.max(most, depthOf(inner)), 0) : 0;

/** The tree, if it can be sent. Fails with `message_too_large`. */
export const checkTree = (tree: Tree): Result<Tree> => {
  if (depthOf(tree) > treeDepth) return fail('message_too_large', `the configuration nests deeper than ${treeDepth} levels`);
  const bytes = Buffer.byteLength(JSON.stringify(tree));
  return bytes > treeBytes ? fail('message_too_large', `the configuration takes ${bytes} bytes: at most ${treeBytes} are allowed`) : ok(tree);
};
