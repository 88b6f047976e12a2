// What clusters and nodes are called in programs that need a name for ever: `cyclecloud.cluster.id` and `cyclecloud.node.id`. Pure.
//
// An id is made of the store's origin and of what it stands for, so it outlasts restarts without being kept. A cluster of the same
// name in another store is another one; so is a node of the same name that is another machine.
import { createHash } from 'node:crypto';
import type { Tree } from '../../protocol/configuration.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { isTree } from '../../protocol/tree.ts';
import { merge } from './effective-tree.ts';

/** As JSON, no two lists of words are one text. */
const idOf = (...words: readonly string[]): string => createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32);

export const clusterId = (origin: string, cluster: string): string => idOf(origin, 'cluster', cluster);

export const nodeId = (origin: string, { cluster, node }: NodeAddress, instanceId: string): string => idOf(origin, 'node', cluster, node, instanceId);

/**
 * The lowest layer: a template or a setting that names an id is right, also where it has no tree on the way to one. `instanceId`: absent
 * while nobody knows which machine the node is. Every other branch stays the one it was, for nodes share them.
 */
export const withIds = (tree: Tree, origin: string, address: NodeAddress, instanceId: string | undefined): Tree => {
  const { cyclecloud = {} } = tree;
  if (!isTree(cyclecloud)) return tree;
  const ids = { cluster: { id: clusterId(origin, address.cluster) }, ...(instanceId === undefined ? {} : { node: { id: nodeId(origin, address, instanceId) } }) };
  return { ...tree, cyclecloud: merge(ids, cyclecloud) };
};
