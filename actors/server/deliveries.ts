// Commands on their way to nodes: which node is still to be sent which, and when. Pure.
//
// A delivery waits until it is due and its node is online, is sent, and waits again, twice as long each time, from 2 s to 60 s.
// A registration makes all of its node due at once: what was sent before may have gone to a queue that is no more. It ends when
// the node has answered or the command's time is over; whoever sends looks at both in the store, which alone remembers.
import type { NodeAddress } from '../../protocol/identity.ts';
import type { PendingTarget } from './order-ports.ts';
import { nodeKey } from './standings.ts';

const firstPauseMs = 2_000;
const longestPauseMs = 60_000;

interface Delivery {
  readonly command: PendingTarget['command'];
  readonly to: NodeAddress;
  /** Monotonic milliseconds. */
  readonly dueAt: number;
  /** The one after the next attempt. */
  readonly pauseMs: number;
}

/** `now` is monotonic milliseconds throughout. */
export class Deliveries {
  /** By node, then by command, each in the order they were given. */
  readonly #nodes = new Map<string, Map<string, Delivery>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add({ command, node }: PendingTarget, now: number): void {
    const to = { cluster: command.cluster, node };
    const own = this.#nodes.get(nodeKey(to)) ?? new Map<string, Delivery>();
    this.#nodes.set(nodeKey(to), own);
    if (!own.has(command.id)) this.#size += 1;
    own.set(command.id, { command, to, dueAt: now, pauseMs: firstPauseMs });
  }

  registered(node: NodeAddress, now: number): void {
    const own = this.#nodes.get(nodeKey(node));
    for (const [id, delivery] of own ?? []) own?.set(id, { ...delivery, dueAt: now, pauseMs: firstPauseMs });
  }

  /** What is to be sent now, of one node or of all; each is then due again after its pause. */
  take(isOnline: (node: NodeAddress) => boolean, now: number, only?: NodeAddress): ReadonlyArray<Pick<Delivery, 'command' | 'to'>> {
    const due: Delivery[] = [];
    const nodes = only === undefined ? this.#nodes.values() : [this.#nodes.get(nodeKey(only)) ?? new Map<string, Delivery>()];
    for (const own of nodes) {
      const [first] = own.values();
      if (first === undefined || !isOnline(first.to)) continue;
      for (const [id, delivery] of own) {
        if (delivery.dueAt > now) continue;
        due.push(delivery);
        const { pauseMs } = delivery;
        own.set(id, { ...delivery, dueAt: now + pauseMs, pauseMs: Math.min(2 * pauseMs, longestPauseMs) });
      }
    }
    return due;
  }

  end(command: string, node: NodeAddress): void {
    const own = this.#nodes.get(nodeKey(node));
    if (own?.delete(command) !== true) return;
    this.#size -= 1;
    if (own.size === 0) this.#nodes.delete(nodeKey(node));
  }

  /** Those whose time is over, by the wall clock. */
  expired(wall: number): ReadonlyArray<Pick<Delivery, 'command' | 'to'>> {
    const over: Delivery[] = [];
    for (const own of this.#nodes.values()) {
      for (const delivery of own.values()) if (delivery.command.expiresAt <= wall) over.push(delivery);
    }
    return over;
  }
}
