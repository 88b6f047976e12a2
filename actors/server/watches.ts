// Who waits for nodes of a role to be in a phase, and what each was told last. Pure.
//
// A watch is open from its first frame until its lease ends: the same id again renews it, a lease of 0 ends it at once. It is
// told how the nodes stand with every frame of its own, and besides whenever that differs from what it was told. It is in
// memory alone: who still waits renews it, also after this server began anew.
//
// Met is a watch when every node of the role is in the phase, and there is one; with a count, when so many are. A node that
// is not heard counts for neither, and is told by its link instead of its phase. Bounded: 64 a node and 10,000 in all; beyond
// that the oldest of that node gives way, or the oldest of all when it has none.
import type { FrameOf } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { nodeKey, type NodeStanding } from './standings.ts';

type WatchBody = FrameOf<'watch'>['body'];
type WatchedBody = FrameOf<'watched'>['body'];

export interface Watched {
  readonly to: NodeAddress;
  readonly body: WatchedBody;
}

/** How the nodes of a role stand, seen from a phase; watches that wait for the same share one. */
interface Stand {
  readonly there: number;
  readonly of: number;
  readonly named: WatchedBody['nodes'];
  /** Two stands with the same text are the same. */
  readonly text: string;
}

interface Watch {
  readonly from: NodeAddress;
  readonly id: string;
  readonly role: string;
  readonly phase: string;
  readonly count: number | undefined;
  /** Monotonic milliseconds. */
  readonly endsAt: number;
  readonly told: Stand | undefined;
}

export interface WatchBounds {
  readonly ofNode: number;
  readonly inAll: number;
}

const defaultBounds: WatchBounds = { ofNode: 64, inAll: 10_000 };

/** Nodes that a frame names. */
const mostNamed = 1_000;

/** The nodes of a role in a cluster. */
export type NodesOf = (cluster: string, role: string) => readonly NodeStanding[];

const standOf = (phase: string, nodes: readonly NodeStanding[]): Stand => {
  const isThere = (node: NodeStanding): boolean => node.link === 'online' && node.phase === phase;
  // Those that are waited for come first, so that they are among the named.
  const inOrder = nodes.length <= mostNamed ? nodes : nodes.toSorted((one, other) => Number(isThere(one)) - Number(isThere(other)));
  const named = inOrder.slice(0, mostNamed).map((node) => ({ node: node.node, phase: node.link === 'online' ? node.phase : node.link }));
  const there = nodes.filter(isThere).length;
  return { there, of: nodes.length, named, text: JSON.stringify([there, nodes.length, named]) };
};

/** `now` is monotonic milliseconds throughout. */
export class Watches {
  readonly #nodesOf: NodesOf;
  readonly #bounds: WatchBounds;
  /** In order of their beginning. */
  readonly #watches = new Map<string, Watch>();
  readonly #ofNode = new Map<string, Set<string>>();
  #stands = new Map<string, Stand>();
  /** The stands that nothing has changed since they were made. */
  readonly #fresh = new Set<string>();

  constructor(nodesOf: NodesOf, bounds = defaultBounds) {
    this.#nodesOf = nodesOf;
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** Nodes or their roles have changed. */
  outdate(): void {
    this.#fresh.clear();
  }

  /** What to answer; nothing when the watch is ended by it. */
  received(from: NodeAddress, { count, leaseMs, phase, role, watch: id }: WatchBody, now: number): readonly Watched[] {
    const key = JSON.stringify([from.cluster, from.node, id]);
    if (leaseMs === 0) {
      this.#end(key);
      return [];
    }
    if (!this.#watches.has(key)) this.#makeRoom(from);
    const own = this.#ofNode.get(nodeKey(from)) ?? new Set();
    this.#ofNode.set(nodeKey(from), own.add(key));
    return [this.#tell(key, { from, id, role, phase, count, endsAt: now + leaseMs, told: undefined })];
  }

  /** What to tell those whose nodes stand otherwise than they were told. Ends what is over. */
  due(now: number): readonly Watched[] {
    const told = [...this.#watches].flatMap(([key, watch]) => {
      if (watch.endsAt > now) return watch.told === this.#stand(watch) ? [] : [this.#tell(key, watch)];
      this.#end(key);
      return [];
    });
    const waitedFor = new Map<string, Stand>();
    for (const { from, phase, role, told: stand } of this.#watches.values()) {
      if (stand !== undefined) waitedFor.set(JSON.stringify([from.cluster, role, phase]), stand);
    }
    this.#stands = waitedFor;
    return told;
  }

  #stand({ from, phase, role }: Watch): Stand {
    const group = JSON.stringify([from.cluster, role, phase]);
    const before = this.#stands.get(group);
    if (before !== undefined && this.#fresh.has(group)) return before;
    this.#fresh.add(group);
    const now = standOf(phase, this.#nodesOf(from.cluster, role));
    if (before?.text === now.text) return before;
    this.#stands.set(group, now);
    return now;
  }

  #tell(key: string, watch: Watch): Watched {
    const told = this.#stand(watch);
    this.#watches.set(key, { ...watch, told });
    const { count = Math.max(1, told.of) } = watch;
    return { to: watch.from, body: { watch: watch.id, met: told.there >= count, nodes: told.named } };
  }

  #makeRoom(from: NodeAddress): void {
    const own = this.#ofNode.get(nodeKey(from)) ?? new Set();
    if (own.size < this.#bounds.ofNode && this.#watches.size < this.#bounds.inAll) return;
    const [oldest = this.#watches.keys().next().value] = own;
    if (oldest !== undefined) this.#end(oldest);
  }

  #end(key: string): void {
    const watch = this.#watches.get(key);
    if (watch === undefined) return;
    this.#watches.delete(key);
    const own = this.#ofNode.get(nodeKey(watch.from));
    own?.delete(key);
    if (own?.size === 0) this.#ofNode.delete(nodeKey(watch.from));
  }
}
