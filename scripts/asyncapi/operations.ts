// Operations, from the node's side and from the server's, each with the frames that may answer.
import { kindsOn, messagesRef } from './channels.ts';
import { frameKinds, ref, type Part } from './payloads.ts';
import { traffic, type Side, type Traffic } from './traffic.ts';

const bindingVersion = '0.3.0';

interface Sent {
  readonly persistent: boolean;
  readonly expires?: string | undefined;
}

/** Every publish is mandatory and confirmed; the user id is the connection's. */
const publishing = ({ persistent, expires }: Sent): Part => ({
  amqp: {
    deliveryMode: persistent ? 2 : 1,
    mandatory: true,
    timestamp: true,
    ...(expires === undefined ? {} : { 'x-expiration': expires }),
    'x-confirm': true,
    bindingVersion,
  },
});

const settling: Part = { amqp: { ack: true, bindingVersion } };

/** Answers to a node come to its queue; answers to the server are reports. */
const reply = ({ answeredBy, answeredWith, from }: Traffic): Part => {
  if (answeredBy.length === 0) return {};
  const channel = from === 'node' ? 'node' : 'events';
  return { reply: { channel: ref(`channels/${channel}`), messages: messagesRef(channel, answeredBy), 'x-correlation': answeredWith } };
};

const tags = (side: Side): Part => ({ tags: [{ name: side }] });

const titled = (kind: string): string => `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;

const sends: ReadonlyArray<readonly [string, Part]> = frameKinds.map((kind) => {
  const { from, route } = traffic[kind];
  const operation = {
    action: 'send',
    channel: ref(`channels/${route}`),
    summary: `The ${from} sends ${kind}.`,
    ...tags(from),
    bindings: publishing(traffic[kind]),
    messages: messagesRef(route, [kind]),
    ...reply(traffic[kind]),
  };
  return [`${from}Sends${titled(kind)}`, operation];
});

/** One operation a frame, for what answers differs. */
const receives: ReadonlyArray<readonly [string, Part]> = frameKinds.map((kind) => {
  const { from, route } = traffic[kind];
  const to = from === 'node' ? 'server' : 'node';
  const presence = route === 'events' ? 'reportsQueue' : 'presenceQueue';
  const channel = to === 'node' ? 'nodeQueue' : presence;
  const operation = {
    action: 'receive',
    channel: ref(`channels/${channel}`),
    summary: `The ${to} receives ${kind}.`,
    ...tags(to),
    bindings: settling,
    messages: messagesRef(channel, [kind]),
    ...reply(traffic[kind]),
  };
  return [`${to}Receives${titled(kind)}`, operation];
});

export const operations = (): Part =>
  Object.fromEntries([
    ...sends,
    ...receives,
    [
      'serverSendsToCluster',
      {
        action: 'send',
        channel: ref('channels/cluster'),
        summary: 'The server says the same to every node of a cluster.',
        ...tags('server'),
        bindings: publishing(traffic.command),
        messages: messagesRef('cluster', kindsOn('cluster')),
      },
    ],
    [
      'nodeSendsUserMessage',
      {
        action: 'send',
        channel: ref('channels/user'),
        summary: 'A node sends a message of `jetpack send`.',
        ...tags('node'),
        bindings: publishing({ persistent: true }),
        messages: messagesRef('user', ['user']),
      },
    ],
  ]);
