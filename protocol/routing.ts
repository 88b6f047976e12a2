// Routing keys, built and parsed here and nowhere else.
//
//   events.CLUSTER.NODE               a node's event frames
//   presence.CLUSTER.NODE.register    registration, asked again until answered
//   presence.CLUSTER.NODE.heartbeat   transient
//   presence.CLUSTER.NODE.watch       transient
//   node.CLUSTER.NODE                 to one node
//   cluster.CLUSTER                   to every node of a cluster
import type { NodeAddress } from './identity.ts';
import { limits } from './limits.ts';
import { fail, ok, type Result } from './result.ts';
import { decodeSegment, encodeSegment } from './segment.ts';

export type Route =
  | ({ readonly type: 'events' | 'register' | 'heartbeat' | 'watch' | 'node' } & NodeAddress)
  | { readonly type: 'cluster'; readonly cluster: string };

export const routingKey = (route: Route): string => {
  const cluster = encodeSegment(route.cluster);
  switch (route.type) {
    case 'events':
      return `events.${cluster}.${encodeSegment(route.node)}`;
    case 'register':
    case 'heartbeat':
    case 'watch':
      return `presence.${cluster}.${encodeSegment(route.node)}.${route.type}`;
    case 'node':
      return `node.${cluster}.${encodeSegment(route.node)}`;
    case 'cluster':
      return `cluster.${cluster}`;
  }
};

/** The inverse of `routingKey`; undefined for any other key. */
export const parseRoutingKey = (key: string): Route | undefined => {
  const [head, ...words] = key.split('.');
  const [cluster, node, verb] = words.map(decodeSegment);
  if (cluster === undefined) return undefined;
  if (head === 'cluster') return words.length === 1 ? { type: 'cluster', cluster } : undefined;
  if (node === undefined) return undefined;
  if (head === 'events' || head === 'node') return words.length === 2 ? { type: head, cluster, node } : undefined;
  if (head !== 'presence' || words.length !== 3) return undefined;
  return verb === 'register' || verb === 'heartbeat' || verb === 'watch' ? { type: verb, cluster, node } : undefined;
};

/** Checks the routing key of `jetpack send`: the user's own words, at most 255 bytes, no control characters. */
export const checkUserRoutingKey = (key: string): Result<string> => {
  if (key === '') return fail('routing_key_invalid', 'the routing key is empty: give words joined by dots');
  if (/\p{Cc}/u.test(key)) return fail('routing_key_invalid', 'the routing key holds a control character');
  const bytes = Buffer.byteLength(key);
  if (bytes > limits.routingKey) {
    return fail('routing_key_invalid', `the routing key has ${bytes} bytes: at most ${limits.routingKey} are allowed`);
  }
  return ok(key);
};
