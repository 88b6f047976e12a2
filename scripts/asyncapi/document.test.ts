// Is the document valid, does it lead nowhere wrong, and is it what the programs do? That the file is what is generated,
// docs.test.ts says.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import specs from '@asyncapi/specs';
import { describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { ManualClock } from '../../effects/manual-clock.ts';
import { eventsPublication, userPublication } from '../../actors/node/messaging/publication.ts';
import { Presence } from '../../actors/node/sync/presence.ts';
import { publishToNode } from '../../actors/server/to-node.ts';
import { decodeFrame } from '../../protocol/codec.ts';
import { frameSchemas, type FrameKind } from '../../protocol/frames.ts';
import type { OutgoingMessage } from '../../transport/port.ts';
import { namesFor, nodeTopology, serverTopology } from '../../transport/topology.ts';
import { asyncapiPage } from './document.ts';
import { frameKinds, type Part } from './payloads.ts';
import { traffic } from './traffic.ts';

const root = path.join(import.meta.dirname, '../..');
const document = parse(asyncapiPage()) as Part;

/** What stands at a place of the document, `channels/events`; undefined when there is nothing. */
const at = (place: string): unknown =>
  place.split('/').reduce<unknown>((part, key) => (typeof part === 'object' && part !== null ? (part as Part)[key] : undefined), document);

const part = (place: string): Part => at(place) as Part;

const refsIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : refsIn(inner)));
};

/** Not strict: the rest of the document is no schema. */
const payloads = new Ajv({ strict: false }).addSchema({ ...document, $id: 'document' });
const payloadOf = (name: string): ValidateFunction => {
  const validate = payloads.getSchema(`document#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`the document has no schema ${name}`);
  return validate;
};

const folder = path.join(root, 'protocol/samples/v1');
const sample = (name: string): Part => JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as Part;
const samples = readdirSync(folder).map((file) => path.basename(file, '.json'));
const onTheWire = samples.filter((name) => /^(frame|event)-/.test(name));

describe('asyncapi.yaml', () => {
  test('is valid by the schema that AsyncAPI gives for its version', () => {
    // It brings draft 7's own schema along, of which there can be only one. Its type has optional members that ajv's has not.
    const schema = specs.schemas['3.0.0'] as object;
    const validate = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false }).compile(schema);
    expect(validate(document) ? [] : validate.errors).toEqual([]);
    expect(validate({ ...document, channels: { broken: { adress: 'x' } } })).toBe(false);
  });

  test('refers only to what it holds', () => {
    const refs = [...new Set(refsIn(document))];
    expect(refs.length).toBeGreaterThan(50);
    expect(refs.filter((ref) => !ref.startsWith('#/') || at(ref.slice(2)) === undefined)).toEqual([]);
  });

  test('has the messages of an operation, and of its answer, among those of the channel', () => {
    const placed = Object.values(part('operations')).flatMap((operation) => {
      const { channel, messages, reply } = operation as { channel: { $ref: string }; messages: Part[]; reply?: { channel: { $ref: string }; messages: Part[] } };
      return [{ channel, messages }, ...(reply === undefined ? [] : [reply])];
    });
    for (const { channel, messages } of placed) for (const { $ref } of messages) expect(String($ref).startsWith(`${channel.$ref}/messages/`)).toBe(true);
  });

  const topologies = [serverTopology('jetpack'), nodeTopology('jetpack', { cluster: 'X', node: 'Y' })];
  const bindings = Object.values(part('channels')).map((channel) => (channel as { bindings: { amqp: Part } }).bindings.amqp);
  /** As for one node, and without what the table does not say. */
  const asOfOne = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('{cluster}', 'X').replaceAll('{node}', 'Y'));
  const named = (rows: readonly unknown[]): Part => Object.fromEntries((rows as readonly { name: string }[]).map((row) => [row.name, row]));

  test('has every exchange of the table, with its type and its alternate', () => {
    const published = bindings.flatMap((binding) => (binding['exchange'] === undefined ? [] : [{ ...(binding['exchange'] as Part), alternate: binding['x-alternate-exchange'] }]));
    const others = at('x-exchanges') as readonly Part[];
    const common = { durable: true, autoDelete: false };
    const declared = serverTopology('jetpack');
    const wanted = declared.exchanges.map(({ alternate, name, type }) => ({ name, type, alternate, ...common }));
    expect(named([...published, ...others.map(({ bindings: _bindings, ...exchange }) => exchange)])).toEqual(named(wanted));
    for (const other of others) {
      const bound = declared.bindings.filter(({ exchange }) => exchange === other['name']);
      expect(other['bindings']).toEqual(bound.map(({ key, queue }) => ({ queue, routingKey: key })));
    }
  });

  test('has every queue of the table, with its arguments and what is bound to it', () => {
    const found = bindings.filter(({ queue }) => queue !== undefined).map((binding) => ({ ...(binding['queue'] as Part), arguments: binding['x-arguments'], bindings: binding['x-bindings'] }));
    const wanted = topologies.flatMap((topology) =>
      topology.queues.map(({ deadLetter, deliveryLimit, expiresMs, maxLength, messageTtlMs, name, singleActive, type }) => ({
        name,
        durable: true,
        exclusive: false,
        autoDelete: false,
        arguments: {
          'x-queue-type': type,
          'x-delivery-limit': deliveryLimit,
          'x-dead-letter-exchange': deadLetter,
          'x-expires': expiresMs,
          'x-message-ttl': messageTtlMs,
          'x-max-length': maxLength,
          'x-single-active-consumer': singleActive,
        },
        bindings: topology.bindings.filter(({ queue }) => queue === name).map(({ exchange, key }) => ({ exchange, routingKey: key })),
      })),
    );
    expect(found).toHaveLength(wanted.length);
    expect(named(asOfOne(found) as readonly unknown[])).toEqual(named(wanted));
  });
});

describe('the payload schemas', () => {
  test.each(onTheWire)('take the sample %s, and do not without its kind', (name) => {
    const content = sample(name);
    const validate = payloadOf(name.replace(/-bare$/, ''));
    expect(validate(content) ? [] : validate.errors).toEqual([]);
    const { kind, ...rest } = content;
    expect(kind).toBeDefined();
    expect(validate(rest)).toBe(false);
  });

  test.each(frameKinds)('take the examples of the %s message', (kind) => {
    const examples = at(`components/messages/${kind}/examples`) as ReadonlyArray<{ payload: unknown }>;
    expect(examples.map(({ payload }) => payloadOf(`frame-${kind}`)(payload))).toEqual([true, true]);
  });

  test('are there for all that crosses the broker: other samples belong to the local sockets', () => {
    const local = samples.filter((name) => !onTheWire.includes(name));
    expect(local.filter((name) => !/^(request|reply)-|^(hello|progress)$/.test(name))).toEqual([]);
    expect(onTheWire.length).toBeGreaterThan(40);
  });
});

describe('the traffic that it tells of', () => {
  const address = { cluster: 'lab 1', node: 'n.1' };
  const clock = new ManualClock();
  const random = { bytes: (count: number) => new Uint8Array(count), next: () => 0 };
  const names = namesFor('jetpack');

  const presence = new Presence({ address, facts: { instanceId: 'i', hostname: 'h', version: '1', pid: 1 }, reportsExchange: names.reports, clock, random });
  const destination = { address, reportsExchange: names.reports, userExchange: names.user };

  const sentToNode = (kind: FrameKind): OutgoingMessage => {
    const frame = decodeFrame(readFileSync(path.join(folder, `frame-${kind}.json`)));
    if (!frame.ok) throw new Error(frame.error.message);
    const sent: OutgoingMessage[] = [];
    const publish = (message: OutgoingMessage) => {
      sent.push(message);
      return Promise.resolve({ outcome: 'confirmed' as const });
    };
    // Taken from the samples of what a server says.
    publishToNode({ type: 'answer', to: address, frame: frame.value } as Parameters<typeof publishToNode>[0], names.commands, { publish });
    return sent[0]!;
  };

  const sent = (kind: FrameKind): OutgoingMessage => {
    switch (kind) {
      case 'events':
        return eventsPublication(destination, { stream: 's', after: undefined }, [], clock, random).message;
      case 'register':
        return presence.register(1, 'ready', 5_000);
      case 'heartbeat':
        return presence.heartbeat({ everyMs: 1_000, phase: 'ready', uptimeMs: 1, outbox: 0 });
      case 'watch':
        return presence.unwatch('w');
      default:
        return sentToNode(kind);
    }
  };

  const addressed = (channel: string): string => String(at(`channels/${channel}/address`)).replace('{cluster}', 'lab~201').replace('{node}', 'n~2e1');

  test.each(frameKinds)('is how frames of kind %s are sent', (kind) => {
    const message = sent(kind);
    const { expires, from, persistent, route } = traffic[kind];
    const operation = part(`operations/${from}Sends${kind.charAt(0).toUpperCase()}${kind.slice(1)}`);
    expect(operation).toMatchObject({ action: 'send', channel: { $ref: `#/channels/${route}` }, bindings: { amqp: { deliveryMode: message.persistent ? 2 : 1 } } });
    expect(message).toMatchObject({ routingKey: addressed(route), exchange: at(`channels/${route}/bindings/amqp/exchange/name`), persistent });
    expect(message.contentType).toBe(at(`components/messages/${kind}/contentType`));
    expect(message.expiresMs !== undefined).toBe(expires !== undefined);
    expect(frameSchemas[kind].description).toMatch(from === 'node' ? /^Node to server: / : /^Server to node: /);
  });

  test('is how a message of jetpack send is sent', () => {
    const payload = JSON.stringify({ id: 'i', at: 1, routingKey: 'my.words', contentType: 'text/plain', bodyBase64: '' });
    const { message } = userPublication(destination, { sequence: 1, through: 1, payload });
    expect(message).toMatchObject({ exchange: at('channels/user/bindings/amqp/exchange/name'), persistent: true });
    const headers = at('components/messages/user/headers') as { properties: Part; required: string[] };
    expect(Object.keys(message.headers ?? {}).filter((name) => !(name in headers.properties))).toEqual([]);
    expect(message.headers).toMatchObject(Object.fromEntries(headers.required.map((name) => [name, expect.any(String)])));
  });
});
