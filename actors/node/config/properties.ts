// Properties that were set on this node, as the node's state keeps them (reference, section 5.2).
import type { Json, Tree } from '../../../protocol/configuration.ts';
import { isTree } from '../../../protocol/tree.ts';
import type { NodeState } from '../state.ts';

export const propertiesKey = 'properties';

export const readProperties = (state: NodeState): Tree => {
  const kept = state.get(propertiesKey);
  return kept !== undefined && isTree(kept) ? kept : {};
};

const changed = (tree: Tree, [word = '', ...rest]: readonly string[], value: Json | undefined): Tree => {
  const members = new Map(Object.entries(tree));
  const below = members.get(word);
  const inner = rest.length === 0 ? value : changed(below !== undefined && isTree(below) ? below : {}, rest, value);
  // An object that has lost its last member goes with it.
  if (inner === undefined || (rest.length > 0 && isTree(inner) && Object.keys(inner).length === 0)) members.delete(word);
  else members.set(word, inner);
  return Object.fromEntries(members);
};

/** With the property of this dotted name set, or without it. */
export const withProperty = (tree: Tree, key: string, value: string | undefined): Tree => changed(tree, key.split('.'), value);
