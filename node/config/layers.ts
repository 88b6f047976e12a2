// The layers of a node's configuration. From the lowest to the highest, each over those before it:
//
//   1. ohai: all that the program of this name tells, where it is installed;
//   2. the access: what programs on the node show to the HTTP API of its server;
//   3. the seed: what somebody wrote into node.json before jetpackd's first start;
//   4. the server's configuration: the cluster's templates and settings for this node;
//   5. the node's identity, which no template may change;
//   6. the facts of the system;
//   7. the metadata of the machine's cloud.
//
// Objects are merged member by member, anything else replaces what is below it, lists and null included. Names such as
// `__proto__` are data like any other: no layer reaches the prototype of anything.
import { isTree, type ExactJson, type ExactTree } from '../../commands/exact-json.ts';
import type { Tree } from '../../protocol/configuration.ts';
import { homePaths } from '../home/paths.ts';

const over = (upper: ExactJson, lower: ExactJson | undefined): ExactJson => (isTree(upper) && isTree(lower) ? merge(lower, upper) : upper);

const merge = (lower: ExactTree, upper: ExactTree): ExactTree => {
  const members = new Map(Object.entries(lower));
  for (const [name, value] of Object.entries(upper)) members.set(name, over(value, members.get(name)));
  // Defines own members, whatever their names; an assignment would not.
  return Object.fromEntries(members);
};

/** The lowest first. The names of a lower layer come first, in its order, so that the text of the same tree is the same. */
export const mergeLayers = (layers: readonly ExactTree[]): ExactTree => layers.reduce(merge, {});

/** One that changes while the daemon runs. */
export interface ChangingLayer {
  tree(): ExactTree;
  /** The result ends it. */
  onChange(listener: () => void): () => void;
}

export interface NodeIdentity {
  readonly cluster: string;
  readonly node: string;
  readonly instanceId: string;
  readonly hostname: string;
  /** The version by which scripts know jetpack. */
  readonly version: string;
  /** The command line, an absolute path. */
  readonly executable: string;
  /** Absolute path. */
  readonly home: string;
}

export const identityLayer = ({ cluster, executable, home, hostname, instanceId, node, version }: NodeIdentity): Tree => ({
  cyclecloud: {
    home,
    // Scratch for installers, and marks of what scripts have done (reference, sections 3 and 5.3). `prepareHome` makes both.
    bootstrap: homePaths(home).bootstrap,
    chefstate: homePaths(home).chefState,
    cluster: { name: cluster },
    node: { name: node },
    instance: { id: instanceId, hostname },
    jetpack: { version, executable },
  },
});
