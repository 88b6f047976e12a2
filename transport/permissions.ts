// What a node's user may do on the broker, as the regular expressions RabbitMQ takes: everything its topology and routing
// keys need, and nothing of another node.
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

const nothing = '^$';

export const permissionsFor = (prefix: string, address: NodeAddress): Permissions => {
  const names = namesFor(prefix);
  const queue = nodeQueue(prefix, address);
  const events = literal(routingKey({ type: 'events', ...address }));
  // Any last word: a later release that tells more of its presence needs no other permissions.
  const presence = literal(routingKey({ type: 'heartbeat', ...address })).replace(/heartbeat$/, '[a-z]+');
  const bindings = [routingKey({ type: 'node', ...address }), routingKey({ type: 'cluster', cluster: address.cluster })];
  return {
    configure: exactly(queue),
    // To bind a queue one writes to it.
    write: exactly(names.reports, names.user, queue),
    // To bind a queue one reads from the exchange.
    read: exactly(names.commands, queue),
    // The user exchange takes any key: the words of `jetpack send` are the caller's own.
    topics: [
      { exchange: names.reports, write: `^(?:${events}|${presence})$`, read: nothing },
      { exchange: names.commands, write: nothing, read: exactly(...bindings) },
    ],
  };
};
