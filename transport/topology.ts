// What exists on a broker, as data: declared again at every connect. The server declares what servers share, a node its
// own command queue. Beside this table stand policies.ts, what an operator may tune, and permissions.ts, what a node may do.
import { routingKey } from '../protocol/routing.ts';
import type { NodeAddress } from '../protocol/identity.ts';
import { encodeSegment } from '../protocol/segment.ts';

export interface Exchange {
  readonly name: string;
  readonly type: 'topic' | 'fanout';
  /** Takes what this exchange cannot route. */
  readonly alternate?: string;
  /**
   * Whose it is: absent or true, ours, and declared. False, another's: looked up, made when it is missing and we may, and
   * waited for when we may not.
   */
  readonly owned?: boolean;
}

export interface Queue {
  readonly name: string;
  /** `quorum` is replicated and counts deliveries; `classic` is cheap. */
  readonly type: 'quorum' | 'classic';
  /** Redeliveries after which a message goes to `deadLetter`. Quorum queues only. */
  readonly deliveryLimit?: number;
  /** Exchange for what is rejected, expired or over the limit. */
  readonly deadLetter?: string;
  /** The broker deletes the queue when it had no consumer for so long, milliseconds. */
  readonly expiresMs?: number;
  /** Messages wait at most so long, milliseconds. */
  readonly messageTtlMs?: number;
  /** The oldest give way beyond this many messages. */
  readonly maxLength?: number;
  /** Of several consumers one gets everything, the one that began first; when it goes, the next does. */
  readonly singleActive?: true;
}

export interface Binding {
  readonly exchange: string;
  readonly queue: string;
  readonly key: string;
}

export interface Topology {
  readonly exchanges: readonly Exchange[];
  readonly queues: readonly Queue[];
  readonly bindings: readonly Binding[];
}

export interface Names {
  readonly reports: string;
  /** The queue behind `reports`. Its name is no exchange's: names on a broker have no type, and a node that may write to an exchange might bind a queue of that name. */
  readonly events: string;
  readonly commands: string;
  readonly user: string;
  readonly unrouted: string;
  readonly dead: string;
  readonly presence: string;
}

/** Names on the broker. `prefix` keeps several systems apart on one virtual host. */
export const namesFor = (prefix: string): Names => ({
  reports: `${prefix}.reports`,
  events: `${prefix}.events`,
  commands: `${prefix}.commands`,
  user: `${prefix}.user`,
  unrouted: `${prefix}.unrouted`,
  dead: `${prefix}.dead`,
  presence: `${prefix}.presence`,
});

export const nodeQueue = (prefix: string, { cluster, node }: NodeAddress): string =>
  `${prefix}.node.${encodeSegment(cluster)}.${encodeSegment(node)}`;

/** The node's user on the broker, by which the server knows who published. At most 242 bytes for a valid prefix and address. */
export const nodeUser = (prefix: string, { cluster, node }: NodeAddress): string => `${prefix}.${encodeSegment(cluster)}.${encodeSegment(node)}`;

const deliveryLimit = 20;
const minute = 60_000;

/**
 * Report and command exchanges have no alternate exchange: with one, nothing would be returned as unroutable. The user
 * exchange has one, to which an operator may bind a queue; while none is bound, a message is still returned.
 */
const exchanges = (names: Names): readonly Exchange[] => [
  { name: names.reports, type: 'topic' },
  { name: names.commands, type: 'topic' },
  { name: names.unrouted, type: 'fanout' },
  { name: names.user, type: 'topic', alternate: names.unrouted },
  { name: names.dead, type: 'fanout' },
];

/**
 * A second server on the same prefix is no help but a danger: each would store a part of what every node tells. So the broker
 * chooses one (single active consumer), and the other takes over when that one is gone.
 */
export const serverTopology = (prefix: string): Topology => {
  const names = namesFor(prefix);
  return {
    exchanges: exchanges(names),
    queues: [
      { name: names.events, type: 'quorum', deliveryLimit, deadLetter: names.dead, singleActive: true },
      { name: names.presence, type: 'classic', messageTtlMs: minute / 2, maxLength: 100_000, singleActive: true },
      { name: names.dead, type: 'classic', maxLength: 10_000 },
    ],
    bindings: [
      { exchange: names.reports, queue: names.events, key: 'events.#' },
      { exchange: names.reports, queue: names.presence, key: 'presence.#' },
      { exchange: names.dead, queue: names.dead, key: '' },
    ],
  };
};

/**
 * A node's command queue is classic and expires: ten thousand quorum queues would cost a broker too much. The exchanges
 * are the server's, for whoever may declare one may delete it; a node with a user of its own may not. It names those it uses
 * only: RabbitMQ 4.3 tells of an exchange to nobody who may do nothing with it.
 */
export const nodeTopology = (prefix: string, address: NodeAddress): Topology => {
  const names = namesFor(prefix);
  const queue = nodeQueue(prefix, address);
  return {
    exchanges: exchanges(names)
      .filter(({ name }) => name === names.reports || name === names.commands || name === names.user)
      .map((exchange) => ({ ...exchange, owned: false })),
    queues: [{ name: queue, type: 'classic', expiresMs: 30 * minute }],
    bindings: [
      { exchange: names.commands, queue, key: routingKey({ type: 'node', ...address }) },
      { exchange: names.commands, queue, key: routingKey({ type: 'cluster', cluster: address.cluster }) },
    ],
  };
};
