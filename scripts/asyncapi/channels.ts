// Channels: one for each form of routing key, on its exchange, and one for each queue, with what is bound to it.
import { routingKey, type Route } from '../../protocol/routing.ts';
import { namesFor, nodeTopology, serverTopology, type Queue, type Topology } from '../../transport/topology.ts';
import { frameKinds, ref, type Part } from './payloads.ts';
import { traffic } from './traffic.ts';

/** The prefix where none is configured. */
export const prefix = 'jetpack';

const names = namesFor(prefix);

/** Words that the encoding of names leaves as they are, so that the templates come out of the same functions as real names. */
export const placeholder = { cluster: 'CLUSTER', node: 'NODE' };

const templated = (text: string): string => text.replace('CLUSTER', '{cluster}').replace('NODE', '{node}');

const described: Readonly<Record<keyof typeof placeholder, Part>> = {
  cluster: { description: 'The name of the cluster, encoded: letters, digits, `-` and `_` stay, every other byte is `~` and two hexadecimal digits.' },
  node: { description: 'The name of the node, encoded in the same way.' },
};

const parametersOf = (address: string): Part =>
  Object.fromEntries(Object.entries(described).filter(([name]) => address.includes(`{${name}}`)));

const bindingVersion = '0.3.0';

const exchanges = new Map(serverTopology(prefix).exchanges.map((exchange) => [exchange.name, exchange]));

const onExchange = (name: string): Part => {
  const exchange = exchanges.get(name);
  if (exchange === undefined) throw new Error(`no exchange ${name} is declared`);
  const { alternate, type } = exchange;
  return {
    amqp: {
      is: 'routingKey',
      exchange: { name, type, durable: true, autoDelete: false },
      ...(alternate === undefined ? {} : { 'x-alternate-exchange': alternate }),
      bindingVersion,
    },
  };
};

export const messagesRef = (channel: string, kinds: readonly string[]): readonly Part[] => kinds.map((kind) => ref(`channels/${channel}/messages/${kind}`));

const messages = (kinds: readonly string[]): Part => Object.fromEntries(kinds.map((kind) => [kind, ref(`components/messages/${kind}`)]));

/** What the server says to one node it may say to all of a cluster. */
const routeOf = (route: Route['type']): Route['type'] => (route === 'cluster' ? 'node' : route);

export const kindsOn = (route: Route['type']): readonly string[] => frameKinds.filter((kind) => traffic[kind].route === routeOf(route));

const summaries: Readonly<Record<Route['type'], string>> = {
  events: 'What a node reports.',
  register: 'A node asks to join.',
  heartbeat: 'A node lives.',
  watch: 'A node waits for others.',
  node: 'What the server says to one node.',
  cluster: 'What the server says to every node of a cluster.',
};

// Object.keys forgets that the keys are the types of a route.
const routes = Object.keys(summaries) as ReadonlyArray<Route['type']>;

const routeChannel = (type: Route['type']): Part => {
  const address = templated(routingKey({ type, ...placeholder }));
  const exchange = type === 'node' || type === 'cluster' ? names.commands : names.reports;
  return { address, summary: summaries[type], messages: messages(kindsOn(type)), parameters: parametersOf(address), bindings: onExchange(exchange) };
};

/** The arguments that a queue is declared with, as the broker names them. */
const queueArguments = ({ type, deliveryLimit, deadLetter, expiresMs, messageTtlMs, maxLength, singleActive }: Queue): Part => ({
  'x-queue-type': type,
  ...(deliveryLimit === undefined ? {} : { 'x-delivery-limit': deliveryLimit }),
  ...(deadLetter === undefined ? {} : { 'x-dead-letter-exchange': deadLetter }),
  ...(expiresMs === undefined ? {} : { 'x-expires': expiresMs }),
  ...(messageTtlMs === undefined ? {} : { 'x-message-ttl': messageTtlMs }),
  ...(maxLength === undefined ? {} : { 'x-max-length': maxLength }),
  ...(singleActive === undefined ? {} : { 'x-single-active-consumer': true }),
});

const queueChannel = (queue: Queue, { bindings }: Topology, kinds: readonly string[], summary: string): Part => {
  const address = templated(queue.name);
  const bound = bindings.filter((binding) => binding.queue === queue.name).map(({ exchange, key }) => ({ exchange, routingKey: templated(key) }));
  return {
    address,
    summary,
    messages: messages(kinds),
    ...(address === queue.name ? {} : { parameters: parametersOf(address) }),
    bindings: {
      amqp: {
        is: 'queue',
        queue: { name: address, durable: true, exclusive: false, autoDelete: false },
        'x-arguments': queueArguments(queue),
        'x-bindings': bound,
        bindingVersion,
      },
    },
  };
};

const server = serverTopology(prefix);
const node = nodeTopology(prefix, placeholder);

/** What the queues hold; the key is their channel's name. */
const queues: ReadonlyArray<readonly [channel: string, name: string, topology: Topology, kinds: readonly string[], summary: string]> = [
  ['reportsQueue', names.events, server, kindsOn('events'), 'Reports that wait for the store.'],
  ['presenceQueue', names.presence, server, ['register', 'heartbeat', 'watch'], 'Presence that waits for a server.'],
  ['deadQueue', names.dead, server, [], 'Frames that cannot be read, and reports delivered too often: for a person.'],
  ['nodeQueue', node.queues[0]?.name ?? '', node, kindsOn('node'), 'What waits for a node.'],
];

/** What is published to by the broker alone has no channel: it takes what an exchange cannot route, or a queue sets aside. */
export const exchangesOfTheBroker = (): readonly Part[] => {
  const published = new Set([names.reports, names.commands, names.user]);
  return server.exchanges
    .filter(({ name }) => !published.has(name))
    .map(({ name, type }) => ({ name, type, durable: true, autoDelete: false, bindings: server.bindings.filter(({ exchange }) => exchange === name).map(({ key, queue }) => ({ queue, routingKey: key })) }));
};

export const channels = (): Part =>
  Object.fromEntries([
    ...routes.map((type) => [type, routeChannel(type)] as const),
    [
      'user',
      {
        address: '{routingKey}',
        summary: 'Messages of `jetpack send`, for whoever binds a queue.',
        messages: messages(['user']),
        parameters: { routingKey: { description: "The caller's own words, joined by dots, at most 255 bytes." } },
        bindings: onExchange(names.user),
      },
    ],
    ...queues.map(([channel, name, topology, kinds, summary]) => {
      const queue = topology.queues.find((one) => one.name === name);
      if (queue === undefined) throw new Error(`no queue ${name} is declared`);
      return [channel, queueChannel(queue, topology, kinds, summary)] as const;
    }),
  ]);
