// The configuration of every node, from the templates this server was begun with and the settings in its store.
//
// States: a cluster is unknown or prepared. It is prepared when a node of it is first asked for; a new revision in the store leads
// all of them back. It never writes, and what it gives is always of the revision that the store has at that moment. Nodes without
// settings of their own share their tree, but for the ids of each.
import type { ClusterTemplate } from '../../protocol/cluster-template.ts';
import type { Configuration, Tree } from '../../protocol/configuration.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { ok, type Result } from '../../protocol/result.ts';
import { checkTree, commonTree, entryOf, withSettings, withTemplateFacts } from './effective-tree.ts';
import { withIds } from './ids.ts';
import type { OrderStore, Setting } from './order-ports.ts';

export type Templates = ReadonlyMap<string, ClusterTemplate>;

interface Prepared {
  readonly ofCluster: readonly Setting[];
  readonly ofNodes: ReadonlyMap<string, readonly Setting[]>;
  /** By entry of the template; nodes without settings of their own share what is here. */
  readonly common: Map<string | undefined, { readonly bare: Tree; readonly whole: Tree }>;
}

const prepare = (settings: readonly Setting[]): Prepared => {
  const ofNodes = new Map<string, Setting[]>();
  for (const setting of settings) {
    if (setting.node === undefined) continue;
    const own = ofNodes.get(setting.node);
    if (own === undefined) ofNodes.set(setting.node, [setting]);
    else own.push(setting);
  }
  return { ofCluster: settings.filter(({ node }) => node === undefined), ofNodes, common: new Map() };
};

/** An empty template says nothing of roles and specs; none at all leaves even those out. */
const treeOf = (template: ClusterTemplate | undefined, node: string, { common, ofCluster, ofNodes }: Prepared): Tree => {
  const found = template === undefined ? undefined : entryOf(template, node);
  const complete = (tree: Tree): Tree => (template === undefined ? tree : withTemplateFacts(tree, template, found?.entry));
  let shared = common.get(found?.name);
  if (shared === undefined) {
    const bare = commonTree(template ?? {}, found?.entry, ofCluster);
    shared = { bare, whole: complete(bare) };
    common.set(found?.name, shared);
  }
  const own = ofNodes.get(node);
  return own === undefined ? shared.whole : complete(withSettings(shared.bare, own));
};

type ConfigurationStore = Pick<OrderStore, 'origin' | 'revision' | 'settings'>;

export class Configurations {
  readonly #templates: Templates;
  readonly #store: ConfigurationStore;
  /** Bytes of JSON of trees, without ids. */
  readonly #sizes = new WeakMap<Tree, number>();
  readonly #clusters = new Map<string, Prepared>();
  #revision = 0;

  constructor(templates: Templates, store: ConfigurationStore) {
    this.#templates = templates;
    this.#store = store;
  }

  hasTemplate(cluster: string): boolean {
    return this.#templates.has(cluster);
  }

  /** `instanceId`: which machine the node is, where that is known. */
  of(address: NodeAddress, instanceId: string | undefined): Configuration {
    const tree = this.#shared(address);
    return { revision: this.#revision, tree: withIds(tree, this.#store.origin(), address, instanceId) };
  }

  /** About how many bytes of JSON the tree of a node has. */
  bytesOf(address: NodeAddress): number {
    const tree = this.#shared(address);
    const size = this.#sizes.get(tree) ?? Buffer.byteLength(JSON.stringify(tree));
    this.#sizes.set(tree, size);
    return size;
  }

  #shared({ cluster, node }: NodeAddress): Tree {
    const revision = this.#store.revision();
    if (revision !== this.#revision) this.#clusters.clear();
    this.#revision = revision;
    let prepared = this.#clusters.get(cluster);
    if (prepared === undefined) {
      prepared = prepare(this.#store.settings(cluster));
      this.#clusters.set(cluster, prepared);
    }
    return treeOf(this.#templates.get(cluster), node, prepared);
  }

  rolesOf({ cluster, node }: NodeAddress): readonly string[] {
    const template = this.#templates.get(cluster);
    return (template === undefined ? undefined : entryOf(template, node))?.entry.roles ?? [];
  }

  /** Whether all these nodes, and those that may come, could still be sent their trees with these settings too. Fails with `message_too_large`. */
  check(cluster: string, nodes: readonly string[], added: readonly Setting[]): Result<void> {
    const template = this.#templates.get(cluster);
    const settings = this.#store.settings(cluster);
    const prepared = prepare([...settings, ...added]);
    const checked = new Set<Tree>();
    // Each entry of the template, and no name at all, stand for the nodes to come that take it, or none.
    for (const node of new Set(['', ...nodes, ...prepared.ofNodes.keys(), ...Object.keys(template?.nodes ?? {})])) {
      const tree = treeOf(template, node, prepared);
      if (checked.has(tree)) continue;
      checked.add(tree);
      const fits = checkTree(tree);
      if (!fits.ok) return fits;
    }
    return ok(undefined);
  }

  /** The same of every cluster as it stands: the first that has a tree which cannot be sent. */
  checkAll(): Result<void> {
    for (const cluster of this.#templates.keys()) {
      const fits = this.check(cluster, [], []);
      if (!fits.ok) return { ok: false, error: { ...fits.error, message: `cluster ${cluster}: ${fits.error.message}` } };
    }
    return ok(undefined);
  }
}
