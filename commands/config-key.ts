// Dotted keys of a configuration tree. A member's name may have dots itself (an address, `a.b` written by hand): where a
// name and a path both fit, the longer name wins, and so a member with the whole key as its name wins over everything.
import { isNumberText, isTree, type ExactJson, type ExactTree } from './exact-json.ts';

/** Names of members that begin `key`, the longest first. */
const fitting = (tree: ExactTree, key: string): readonly string[] =>
  Object.keys(tree)
    .filter((name) => key === name || (key.startsWith(name) && key[name.length] === '.'))
    .sort((a, b) => b.length - a.length);

const index = /^(0|[1-9]\d{0,9})(?:\.|$)/;

const members = (value: ExactJson, key: string): ReadonlyArray<readonly [name: string, member: ExactJson | undefined]> => {
  if (isTree(value)) return fitting(value, key).map((name) => [name, value[name]] as const);
  if (typeof value !== 'object' || value === null || isNumberText(value)) return [];
  const place = index.exec(key)?.[1];
  return place === undefined ? [] : [[place, value[Number(place)]]];
};

/**
 * What stands under a key; undefined when nothing does. Elements of lists are named by their index, from 0. Each value of
 * the tree is looked at once at most, whatever the key.
 */
export const lookUp = (value: ExactJson, key: string): ExactJson | undefined => {
  for (const [name, member] of members(value, key)) {
    if (member === undefined) continue;
    if (name.length === key.length) return member;
    const found = lookUp(member, key.slice(name.length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
};
