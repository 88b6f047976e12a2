// What clusters and nodes are called in programs that need a name for ever: `cyclecloud.cluster.id` and `cyclecloud.node.id`. Pure.
//
// An id is made of the store's origin and of what it stands for, so it outlasts restarts without being kept. A cluster of the same
// name in another store is another one; so is a node of the same name that is another machine.
import { createHash } from 'node:crypto';
import type { Json, Tree } from '../../protocol/configuration.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { isTree } from '../../protocol/tree.ts';

/** As JSON, no two lists of words are one text. */
const idOf = (...words: readonly string[]): string => createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32);

export const clusterId = (origin: string, cluster: string): string => idOf(origin, 'cluster', cluster);

export const nodeId = (origin: string, { cluster, node }: NodeAddress, instanceId: string): string => idOf(origin, 'node', cluster, node, instanceId);

/** The tree with a value at a path where it has none. What is there stays, also what is no tree on the way. Copies what it changes alone. */
const withMissing = (tree: Tree, [key, ...rest]: readonly [string, ...string[]], value: string): Tree => {
  const below: Json | undefined = Object.hasOwn(tree, key) ? tree[key] : undefined;
  const [next, ...others] = rest;
  if (next === undefined) return below === undefined ? { ...tree, [key]: value } : tree;
  if (below !== undefined && !isTree(below)) return tree;
  const inner = below ?? {};
  const changed = withMissing(inner, [next, ...others], value);
  return changed === inner ? tree : { ...tree, [key]: changed };
};

/** The lowest layer: a template or a setting that names an id is right. `instanceId`: absent while nobody knows which machine the node is. */
export const withIds = (tree: Tree, origin: string, address: NodeAddress, instanceId: string | undefined): Tree => {
  const ofCluster = withMissing(tree, ['cyclecloud', 'cluster', 'id'], clusterId(origin, address.cluster));
  return instanceId === undefined ? ofCluster : withMissing(ofCluster, ['cyclecloud', 'node', 'id'], nodeId(origin, address, instanceId));
};
