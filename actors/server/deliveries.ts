// Commands on their way to nodes: which node is still to be sent which, and when. Pure.
//
// A delivery waits until it is due and its node is online, is looked at, and waits again, twice as long each time, from 2 s to
// 60 s. A registration makes all of its node due at once: what was sent before may have gone to a queue that is no more, and a
// node that has begun anew may have lost what it accepted. What is due stands in line until it is taken, a little at a time. A
// delivery ends when the node has said what became of the command, or its time is over; whoever sends looks at both in the
// store, which alone remembers.
import type { NodeAddress } from '../../protocol/identity.ts';
import { acceptedGraceMs, type PendingTarget } from './order-ports.ts';
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
  /** As the store had it when it was last looked at. */
  readonly accepted: boolean;
  /** Its node has registered since it was last taken. */
  readonly anew: boolean;
}

export type DueDelivery = Pick<Delivery, 'command' | 'to' | 'anew'>;

/** `now` is monotonic milliseconds throughout. */
export class Deliveries {
  /** By node, then by command, each in the order they were given. */
  readonly #nodes = new Map<string, Map<string, Delivery>>();
  /** What is due and not taken yet, by node and command. */
  readonly #line = new Map<string, DueDelivery>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get inLine(): number {
    return this.#line.size;
  }

  /** Adds it, unless it is there. */
  add({ command, node, state }: PendingTarget, now: number): void {
    const to = { cluster: command.cluster, node };
    const own = this.#nodes.get(nodeKey(to)) ?? new Map<string, Delivery>();
    this.#nodes.set(nodeKey(to), own);
    if (own.has(command.id)) return;
    this.#size += 1;
    own.set(command.id, { command, to, dueAt: now, pauseMs: firstPauseMs, accepted: state === 'accepted', anew: false });
  }

  registered(node: NodeAddress, now: number): void {
    const own = this.#nodes.get(nodeKey(node));
    for (const [id, delivery] of own ?? []) own?.set(id, { ...delivery, dueAt: now, pauseMs: firstPauseMs, anew: true });
  }

  /** The node has accepted it: it is given longer. */
  accepted(command: string, node: NodeAddress): void {
    const own = this.#nodes.get(nodeKey(node));
    const delivery = own?.get(command);
    if (delivery !== undefined) own?.set(command, { ...delivery, accepted: true });
  }

  /** Puts what is due into the line, of one node or of all; each is then due again after its pause. */
  lineUp(isOnline: (node: NodeAddress) => boolean, now: number, only?: NodeAddress): void {
    const nodes = only === undefined ? this.#nodes.entries() : [[nodeKey(only), this.#nodes.get(nodeKey(only)) ?? new Map<string, Delivery>()] as const];
    for (const [key, own] of nodes) {
      const [first] = own.values();
      if (first === undefined || !isOnline(first.to)) continue;
      for (const [id, delivery] of own) {
        if (delivery.dueAt > now) continue;
        const { anew, command, pauseMs, to } = delivery;
        const place = `${id} ${key}`;
        this.#line.set(place, { command, to, anew: anew || this.#line.get(place)?.anew === true });
        own.set(id, { ...delivery, dueAt: now + pauseMs, pauseMs: Math.min(2 * pauseMs, longestPauseMs), anew: false });
      }
    }
  }

  /** The first in line, which leaves it. */
  next(): DueDelivery | undefined {
    const [first] = this.#line;
    if (first === undefined) return undefined;
    this.#line.delete(first[0]);
    return first[1];
  }

  end(command: string, node: NodeAddress): void {
    const key = nodeKey(node);
    const own = this.#nodes.get(key);
    this.#line.delete(`${command} ${key}`);
    if (own?.delete(command) !== true) return;
    this.#size -= 1;
    if (own.size === 0) this.#nodes.delete(key);
  }

  /** Those whose time is over, by the wall clock. */
  expired(wall: number): ReadonlyArray<Pick<Delivery, 'command' | 'to'>> {
    const over: Delivery[] = [];
    for (const own of this.#nodes.values()) {
      for (const delivery of own.values()) {
        const grace = delivery.accepted ? acceptedGraceMs : 0;
        if (delivery.command.expiresAt + grace <= wall) over.push(delivery);
      }
    }
    return over;
  }
}
