// How nodes stand, as the roster tells those who act on it.
import type { NodeAddress } from '../../protocol/identity.ts';
import type { NodeLink } from './ports.ts';

export interface NodeStanding extends NodeAddress {
  readonly phase: string;
  readonly link: NodeLink;
  /** Which machine it is; empty while nobody has said. */
  readonly instanceId: string;
}

/** Of these nodes, which are all there are when it says so. */
export interface NodesStand {
  readonly type: 'nodes';
  readonly nodes: readonly NodeStanding[];
  readonly all: boolean;
}

/** A node has registered; `configuration` is the revision it has. */
export interface NodeRegistered {
  readonly type: 'registered';
  readonly node: NodeAddress;
  readonly configuration: number | undefined;
}

/** A heartbeat of a node. */
export interface NodeHeard {
  readonly type: 'heard';
  readonly node: NodeAddress;
  readonly configuration: number | undefined;
}

/** To the roster: tell how all nodes stand. */
export interface AskNodes {
  readonly type: 'nodes?';
}

export const nodeKey = ({ cluster, node }: NodeAddress): string => JSON.stringify([cluster, node]);
