// What a node's user may do on the broker, as the regular expressions RabbitMQ takes: everything its topology and routing
// keys need, and nothing of another node.
//
// Names on a broker have no type, and that lets a node do more than it has to:
//
// - Who may declare the queue PREFIX.node.CLUSTER.NODE may declare an exchange of that name, bind the reports to it, and publish there
//   with any key: topic permissions are those of PREFIX.reports. The message still carries its own user or none, and the server
//   refuses it like that of another node.
// - Who may write to the exchanges PREFIX.reports and PREFIX.user may bind them to its own commands. No queue of
//   reports takes a command, for its key is none of theirs; and that queue has another name, or it could be bound itself. Of what others
//   have bound a node can take nothing away: for that it would have to read the exchange.
//
// Both outlive their node, so a revocation takes them away: the exchange, and `strayBindings`.
import type { NodeAddress } from '../protocol/identity.ts';
import { routingKey } from '../protocol/routing.ts';
import { exactly, literal } from './pattern.ts';
import { namesFor, nodeQueue } from './topology.ts';

/** Limits the routing keys a user may publish with (`write`) and bind with (`read`) on a topic exchange. */
export interface TopicPermission {
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
  /** A topic exchange that is not here has no such limit. */
  readonly topics: readonly TopicPermission[];
}

/** Bindings of an exchange, with one of these keys, to any of these exchanges. */
export interface Stray {
  readonly exchange: string;
  readonly keys: readonly string[];
  readonly to: readonly string[];
}

const nothing = '^$';

/** What its command queue is bound with. */
const keysOf = (address: NodeAddress): readonly string[] => [routingKey({ type: 'node', ...address }), routingKey({ type: 'cluster', cluster: address.cluster })];

/** What a node may bind without need, of all that it may read, to all that it may write to and that is not its own. */
export const strayBindings = (prefix: string, address: NodeAddress): Stray => {
  const { commands, reports, user } = namesFor(prefix);
  return {
    exchange: commands,
    keys: keysOf(address),
    to: [reports, user],
  };
};

export const permissionsFor = (prefix: string, address: NodeAddress): Permissions => {
  const names = namesFor(prefix);
  const queue = nodeQueue(prefix, address);
  const events = literal(routingKey({ type: 'events', ...address }));
  // Any last word: a later release that tells more of its presence needs no other permissions.
  const presence = literal(routingKey({ type: 'heartbeat', ...address })).replace(/heartbeat$/, '[a-z]+');
  return {
    configure: exactly(queue),
    // To bind a queue one writes to it.
    write: exactly(names.reports, names.user, queue),
    // To bind a queue one reads from the exchange.
    read: exactly(names.commands, queue),
    // The user exchange takes any key: the words of `jetpack send` are the caller's own.
    topics: [
      { exchange: names.reports, write: `^(?:${events}|${presence})$`, read: nothing },
      { exchange: names.commands, write: nothing, read: exactly(...keysOf(address)) },
    ],
  };
};
