// What stands on the broker, as tables for docs/PROTOCOL.md.
import { routingKey, type Route } from '../protocol/routing.ts';
import { permissionsFor } from '../transport/permissions.ts';
import { policiesFor } from '../transport/policies.ts';
import { nodeTopology, nodeUser, serverTopology, type Topology } from '../transport/topology.ts';
import { table } from './schema-table.ts';

const prefix = 'PREFIX';
const address = { cluster: 'CLUSTER', node: 'NODE' };

const code = (text: string): string => `\`${text}\``;

const routes: Readonly<Record<Route['type'], string>> = {
  events: "a node's `events` frames",
  register: 'a `register` frame',
  heartbeat: 'a `heartbeat` frame',
  watch: 'a `watch` frame',
  node: 'what the server says to one node',
  cluster: 'what the server says to every node of a cluster',
};

export const routingTable = (): string =>
  table(
    ['key', 'carries'],
    Object.entries(routes).map(([type, carries]) => {
      // Object.entries forgets that the keys of `routes` are the types of a route.
      const route = { type, ...address } as Route;
      return [code(routingKey(route)), carries];
    }),
  );

const queueTraits = ({ deliveryLimit, deadLetter, expiresMs, messageTtlMs, maxLength, singleActive }: Topology['queues'][number]): string =>
  [
    deliveryLimit === undefined ? [] : `delivery limit ${deliveryLimit}`,
    deadLetter === undefined ? [] : `dead letters to ${code(deadLetter)}`,
    expiresMs === undefined ? [] : `deleted after ${expiresMs / 60_000} min without a consumer`,
    messageTtlMs === undefined ? [] : `messages expire after ${messageTtlMs / 1000} s`,
    maxLength === undefined ? [] : `keeps the newest ${maxLength} messages`,
    singleActive === undefined ? [] : 'one active consumer',
  ]
    .flat()
    .join('; ');

export const topologyTables = (): string => {
  const server = serverTopology(prefix);
  const node = nodeTopology(prefix, address);
  const bindingsOf = (queue: string, { bindings }: Topology): string =>
    bindings
      .filter((binding) => binding.queue === queue)
      .map(({ exchange, key }) => `${code(exchange)}${key === '' ? '' : ` with ${code(key)}`}`)
      .join('; ');
  const queueRows = [server, node].flatMap((one) =>
    one.queues.map((queue) => [code(queue.name), one === server ? 'server' : 'node', queue.type, bindingsOf(queue.name, one), queueTraits(queue)]),
  );
  const exchangeRows = server.exchanges.map(({ name, type, alternate }) => [code(name), type, alternate === undefined ? '' : code(alternate)]);
  return `${table(['exchange', 'type', 'what it cannot route goes to'], exchangeRows)}\n\n${table(['queue', 'declared by', 'type', 'bound to', 'traits'], queueRows)}`;
};

export const policiesTable = (): string =>
  table(
    ['policy', 'for queues like', 'priority', 'definition', 'from RabbitMQ', 'purpose'],
    policiesFor(prefix).map(({ name, pattern, priority, definition, since, purpose }) => [
      code(name),
      code(pattern),
      String(priority),
      code(JSON.stringify(definition)),
      since,
      purpose,
    ]),
  );

export const permissionsTables = (): string => {
  const { configure, write, read, topics } = permissionsFor(prefix, address);
  const user = `The user ${code(nodeUser(prefix, address))}:`;
  const onNames = table(['may', 'names like'], [['configure', code(configure)], ['write', code(write)], ['read', code(read)]]);
  const onKeys = table(
    ['exchange', 'may publish with keys like', 'may bind with keys like'],
    topics.map((topic) => [code(topic.exchange), code(topic.write), code(topic.read)]),
  );
  return [user, onNames, onKeys].join('\n\n');
};
