// Properties that were set on a node, by dotted names: the same tree on the node, which sets them, and on the server, which is told.
import type { Json, Tree } from './configuration.ts';
import { isTree } from './tree.ts';

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

/** Each property that is set, by its dotted name. What is no text was not set by `withProperty`, and is left out. */
export const propertiesIn = (tree: Tree): ReadonlyArray<{ readonly key: string; readonly value: string }> =>
  Object.entries(tree).flatMap(([word, value]) => {
    if (typeof value === 'string') return [{ key: word, value }];
    return isTree(value) ? propertiesIn(value).map((below) => ({ key: `${word}.${below.key}`, value: below.value })) : [];
  });
