// docs/asyncapi.yaml, made from the tables in transport/ and the schemas in protocol/ by `npm run docs`.
import { stringify } from 'yaml';
import { frameSchemas, wireVersion, type FrameKind } from '../../protocol/frames.ts';
import { permissionsFor } from '../../transport/permissions.ts';
import { policiesFor } from '../../transport/policies.ts';
import { nodeUser } from '../../transport/topology.ts';
import { channels, exchangesOfTheBroker, placeholder, prefix } from './channels.ts';
import { operations } from './operations.ts';
import { frameExamples, frameKinds, frameName, payloadSchemas, ref, type Part } from './payloads.ts';
import { traffic, type Side } from './traffic.ts';

const description = `Frames between nodes and server over RabbitMQ, and the messages of \`jetpack send\`.

Names on the broker begin with the configured prefix, here \`${prefix}\`; the virtual host is the URL's. PROTOCOL.md has the rules of
reading, DELIVERY.md what is promised.`;

const variables = (port: string): Part => ({
  host: { default: 'localhost', description: 'A node of the broker; several may be given.' },
  port: { default: port },
  vhost: { default: '%2F', description: 'The virtual host, encoded as in a URL.' },
});

const servers: Part = {
  plain: {
    host: '{host}:{port}',
    pathname: '/{vhost}',
    protocol: 'amqp',
    protocolVersion: '0-9-1',
    description: 'RabbitMQ 3.10 or later. Credentials and messages travel in clear.',
    variables: variables('5672'),
    security: [ref('components/securitySchemes/password')],
  },
  tls: {
    host: '{host}:{port}',
    pathname: '/{vhost}',
    protocol: 'amqps',
    protocolVersion: '0-9-1',
    description: 'The same over TLS 1.2 or later.',
    variables: variables('5671'),
    security: [ref('components/securitySchemes/password'), ref('components/securitySchemes/certificate')],
  },
};

const traceHeaders: Part = {
  traceparent: { type: 'string', description: 'W3C trace context of the publish; absent where it is not traced.' },
  tracestate: { type: 'string', maxLength: 512 },
};

/** Properties of every AMQP message, beside those that an operation's bindings say. */
const properties = (from: Side, id: string, type: string): Part => ({
  messageId: id,
  type,
  appId: 'the name of the sending program',
  userId: from === 'node' ? `the user it is connected as, which the broker checks: \`${nodeUser(prefix, placeholder)}\` where nodes have users of their own` : 'the user it is connected as, which the broker checks',
});

const frameMessage = (kind: FrameKind): Part => ({
  name: kind,
  title: `The ${kind} frame`,
  summary: frameSchemas[kind].description ?? '',
  contentType: 'application/json',
  headers: { type: 'object', properties: traceHeaders },
  correlationId: ref('components/correlationIds/answered'),
  payload: ref(`components/schemas/${frameName(kind)}`),
  'x-amqp-properties': {
    ...properties(traffic[kind].from, "the frame's `id`", kind),
    ...(traffic[kind].from === 'server' && { correlationId: kind === 'command' ? "the frame's `command`" : "the frame's `correlationId`, where it answers one" }),
  },
  examples: frameExamples(kind),
});

const userMessage: Part = {
  name: 'user',
  title: 'A message of `jetpack send`',
  summary: "The caller's bytes under the caller's content type. It may come twice, with the same message id.",
  headers: {
    type: 'object',
    properties: { 'jetpack-cluster': { type: 'string' }, 'jetpack-node': { type: 'string' }, ...traceHeaders },
    required: ['jetpack-cluster', 'jetpack-node'],
  },
  payload: { description: "Any bytes: the caller's content type says what they are." },
  'x-amqp-properties': { ...properties('node', 'minted by the command line', 'send'), contentType: "the caller's" },
};

const components: Part = {
  messages: { ...Object.fromEntries(frameKinds.map((kind) => [kind, frameMessage(kind)])), user: userMessage },
  schemas: payloadSchemas(),
  correlationIds: { answered: { description: 'The `id` of the frame that this one answers, if it answers one.', location: '$message.payload#/correlationId' } },
  securitySchemes: {
    password: { type: 'userPassword', description: 'A user of the broker, SASL PLAIN.' },
    certificate: { type: 'X509', description: 'A client certificate, SASL EXTERNAL.' },
  },
};

const document = (): Part => ({
  asyncapi: '3.0.0',
  info: { title: 'Jetpack', version: `${wireVersion}.0.0`, description, license: { name: 'Apache-2.0' } },
  defaultContentType: 'application/json',
  servers,
  channels: channels(),
  operations: operations(),
  components,
  'x-exchanges': exchangesOfTheBroker(),
  'x-policies': policiesFor(prefix),
  'x-permissions': { user: nodeUser(prefix, placeholder), ...permissionsFor(prefix, placeholder) },
});

export const asyncapiPage = (): string =>
  `# Made from transport/ and protocol/ by npm run docs: change those.\n${stringify(document(), { lineWidth: 0, aliasDuplicateObjects: false })}`;
