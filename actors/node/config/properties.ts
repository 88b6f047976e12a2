// Properties that were set on this node, as the node's state keeps them (reference, section 5.2).
import type { Tree } from '../../../protocol/configuration.ts';
import { isTree } from '../../../protocol/tree.ts';
import type { NodeState } from '../state.ts';

export const propertiesKey = 'properties';

export const readProperties = (state: NodeState): Tree => {
  const kept = state.get(propertiesKey);
  return kept !== undefined && isTree(kept) ? kept : {};
};
