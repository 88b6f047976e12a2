import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { encodeFrame } from '../../protocol/codec.ts';
import type { Frame } from '../../protocol/frames.ts';
import { routingKey } from '../../protocol/routing.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { createEmbeddedBroker } from '../../transport/embedded/broker.ts';
import type { OutgoingMessage, PublishOutcome, Transport } from '../../transport/port.ts';
import { namesFor, nodeQueue, nodeTopology, serverTopology } from '../../transport/topology.ts';
import { refusal } from '../broker-link.ts';
import type { ActorRef, Reply } from '../ref.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import { address, bodies, frame, newId } from '../testing/frames.ts';
import { probe } from '../testing/probe.ts';
import { supervise } from '../testing/recorder.ts';
import { wires } from '../testing/wires.ts';
import { createWorld, settle, until, type World } from '../testing/world.ts';
import { nodeTransport, type AnswerToConfig, type AnswerToMessaging, type AnswerToSync, type ConnectionMessage, type NodeTransportMessage } from './transport.ts';

const prefix = 'test';
const names = namesFor(prefix);
const queue = nodeQueue(prefix, address);

const worlds: World[] = [];
const open = (): World => {
  const world = createWorld();
  worlds.push(world);
  return world;
};
afterEach(() => {
  for (const { system } of worlds.splice(0)) system.stop();
});

const both = (changes: readonly boolean[]) => [changes, changes];

const isConnection = (message: { readonly type: string }): message is ConnectionMessage => message.type === 'connection';

const begin = (world: World, open: () => Transport) => {
  const { clock, system } = world;
  const log = recordLog();
  const messaging = probe<AnswerToMessaging | ConnectionMessage>(system, 'messaging');
  const sync = probe<AnswerToSync | ConnectionMessage>(system, 'sync');
  const config = probe<AnswerToConfig>(system, 'config');
  const watching = supervise('end');
  const ports = { open, commandQueue: queue, messaging: messaging.ref, sync: sync.ref, config: config.ref, metrics: createMetrics(clock), clock, logger: log.logger };
  const incarnation = system.spawn('transport', nodeTransport(ports), watching);
  const ref: ActorRef<NodeTransportMessage> = system.ref('transport');
  const publish = async (message: OutgoingMessage): Promise<PublishOutcome> => {
    const asked = await system.ask(ref, (reply: Reply<PublishOutcome>) => ({ type: 'publish', message, reply }) as const, { timeoutMs: 60_000 });
    return asked.ok ? asked.value : { outcome: 'closed' };
  };
  return {
    config,
    clock,
    incarnation,
    log,
    messaging,
    publish,
    ref,
    sync,
    system,
    watching,
    /** Whether the link is up, as messaging and sync were told, in order. */
    told: () => [messaging.received.filter(isConnection).map(({ up }) => up), sync.received.filter(isConnection).map(({ up }) => up)],
  };
};

/** With a transport that is the test's. */
const beginFake = async () => {
  const transport = new FakeTransport();
  const begun = begin(open(), () => transport);
  await settle();
  return { ...begun, transport, deliver: (body: Uint8Array) => transport.deliver(queue, body) };
};

const toNode = (sent: Frame): OutgoingMessage => ({
  exchange: names.commands,
  routingKey: routingKey({ type: 'node', ...address }),
  body: encodeFrame(sent),
  messageId: sent.id,
  persistent: false,
});

const answers = [frame('applied', bodies.applied), frame('resend', bodies.resend), frame('registered', bodies.registered), frame('refused', bodies.refused)];

describe.each(wires)('the transport of a node over $name', ({ over }) => {
  const connect = () => {
    const world = open();
    const broker = createEmbeddedBroker({ clock: world.clock });
    const server = broker.connect({ name: 'server', topology: serverTopology(prefix) });
    let drop = (): void => undefined;
    const begun = begin(world, () => {
      const inner = broker.connect({ name: 'node', topology: nodeTopology(prefix, address) });
      drop = () => inner.drop();
      return over(inner, world.clock);
    });
    return { ...begun, drop: () => drop(), server };
  };

  test("brings the server's answers to the actor each is for, also between frames that no node can read", async () => {
    const { clock, config, messaging, server, sync, told } = connect();
    await until(clock, 'both are connected', () => server.state === 'connected' && told()[0]?.at(-1) === true);
    const garbage = { ...toNode(answers[0]!), body: Buffer.from('{"v":1,') };
    const last = frame('applied', bodies.applied);
    const commanding = [frame('configuration', bodies.configuration), frame('command', bodies.command), frame('watched', bodies.watched)];
    for (const message of [...[...answers, ...commanding].map(toNode), garbage, toNode(frame('heartbeat', bodies.heartbeat, { from: address })), toNode(last)]) {
      expect(await server.publish(message)).toEqual({ outcome: 'confirmed' });
    }
    const cameTo = (received: readonly { readonly type: string }[]) => new Map(received.flatMap((message) => ('frame' in message ? [[(message.frame as Frame).id, message.frame]] : [])));
    await until(clock, 'all answers have come', () => cameTo(messaging.received).size >= 3 && cameTo(sync.received).size >= 4 && cameTo(config.received).size >= 1);
    const [applied, resend, registered, refused] = answers;
    expect([...cameTo(messaging.received).values()]).toEqual([applied, resend, last]);
    const [configuration, command, watched] = commanding;
    expect([...cameTo(sync.received).values()]).toEqual([registered, refused, command, watched]);
    expect([...cameTo(config.received).values()]).toEqual([configuration]);
  });

  test('what it says is confirmed has reached the broker, asked as often as it takes', async () => {
    const { clock, publish, server } = connect();
    const arrived = new Set<string>();
    await server.consume(names.events, { prefetch: 10 }, ({ messageId }) => {
      arrived.add(messageId ?? '');
      return 'ack';
    });
    const ids = Array.from({ length: 20 }, newId);
    const confirmed = new Set<string>();
    const send = async (messageId: string): Promise<void> => {
      while (!confirmed.has(messageId)) {
        const { outcome } = await publish({ exchange: names.reports, routingKey: routingKey({ type: 'events', ...address }), body: Buffer.from('x'), messageId, persistent: true });
        if (outcome === 'confirmed') confirmed.add(messageId);
        else await settle(3);
      }
    };
    const sending = Promise.all(ids.map(send));
    await until(clock, 'all are confirmed', () => confirmed.size === ids.length);
    await sending;
    await until(clock, 'all have arrived', () => arrived.size === ids.length);
    expect([...arrived].sort()).toEqual(ids);
  });

  test('tells messaging and sync whenever the link comes up or goes down, and never the same twice', async () => {
    const { clock, drop, told } = connect();
    const changes = async (count: number) => until(clock, `${count} changes are told`, () => (told()[0]?.length ?? 0) >= count);
    await changes(2);
    drop();
    await changes(4);
    const [messaging, sync] = told();
    expect(messaging?.slice(0, 4)).toEqual([false, true, false, true]);
    expect(sync).toEqual(messaging);
  });
});

describe('the transport of a node', () => {
  test.each(['applied', 'resend', 'registered', 'refused'] as const)('acknowledges a frame %s', async (kind) => {
    const { deliver } = await beginFake();
    expect(await deliver(encodeFrame(frame(kind, bodies[kind])))).toBe('ack');
  });

  test.each(['events', 'register', 'heartbeat'] as const)('rejects a frame %s, which is meant for a server, and says so', async (kind) => {
    const { deliver, log, messaging, sync } = await beginFake();
    const before = [...messaging.received, ...sync.received];
    expect(await deliver(encodeFrame(frame(kind, bodies[kind], { from: address })))).toBe('reject');
    await settle();
    expect([...messaging.received, ...sync.received]).toEqual(before);
    expect(log.lines).toEqual([`warn: a ${kind} frame came to a node; it is meant for a server`]);
  });

  test.each([
    ['frame_corrupt', Buffer.from('{')],
    ['frame_version_unknown', Buffer.from('{"v":2,"kind":"applied"}')],
    ['frame_kind_unknown', Buffer.from('{"v":1,"kind":"promote"}')],
    ['frame_oversize', Buffer.alloc(4 * 1024 * 1024 + 1)],
  ])('rejects what it cannot read with the code %s', async (code, body) => {
    const { deliver, log } = await beginFake();
    expect(await deliver(body)).toBe('reject');
    expect(log.fields).toEqual([{ code }]);
  });

  test('says how things stand to an observer that has just begun', async () => {
    const { ref, system, transport } = await beginFake();
    const observer = probe<ConnectionMessage>(system, 'observer');
    system.tell(ref, { type: 'connection?', observer: observer.ref });
    transport.connect();
    await settle();
    system.tell(ref, { type: 'connection?', observer: observer.ref });
    await settle();
    expect(observer.received).toEqual([
      { type: 'connection', up: false },
      { type: 'connection', up: true },
    ]);
  });

  test('tells of a connection that was lost and is back before its turn: what was under way has to be sent again', async () => {
    const { told, transport } = await beginFake();
    transport.connect();
    await settle();
    transport.tell({ type: 'disconnected', code: 'broker_unreachable', reason: 'reset', retryInMs: 0 });
    transport.connect();
    await settle();
    expect(told()).toEqual(both([false, true, false, true]));
  });

  test('is down for its observers while the broker takes no publishes', async () => {
    const { told, transport } = await beginFake();
    transport.connect();
    await settle();
    transport.tell({ type: 'blocked', reason: 'memory' });
    await settle();
    transport.tell({ type: 'consumerLost', queue, code: 'transport_closed', reason: 'the broker cancelled it' }, { type: 'unblocked' });
    await settle();
    expect(told()).toEqual(both([false, true, false, true]));
  });

  test('answers a publish with its outcome, and keeps the message no longer', async () => {
    const { publish, transport } = await beginFake();
    const message = toNode(answers[0]!);
    expect(await publish(message)).toEqual({ outcome: 'closed' });
    transport.connect();
    const asked = publish(message);
    await settle();
    transport.published[0]?.answer('unconfirmed');
    expect(await asked).toEqual({ outcome: 'unconfirmed' });
    await settle();
    expect(transport.published).toHaveLength(1);
  });

  test('crashes with the code of a refusal that no reconnect can mend', async () => {
    const { transport, watching } = await beginFake();
    transport.tell({ type: 'failed', code: 'broker_vhost', reason: 'no such virtual host' });
    await settle();
    expect(watching.crashes.map(({ error }) => refusal(error))).toEqual(['broker_vhost']);
  });

  test('crashes when its queue cannot be consumed', async () => {
    const transport = new FakeTransport();
    transport.refusal = new Error('not in the topology');
    const { watching } = begin(open(), () => transport);
    await settle();
    expect(watching.crashes).toEqual([{ reason: 'threw', error: transport.refusal }]);
  });

  test('drains its transport, then closes it', async () => {
    const { incarnation, transport } = await beginFake();
    expect(await incarnation.drain()).toEqual({ forced: false, failures: [], releaseTimedOut: false });
    expect(transport.ends).toEqual(['drain', 'close']);
  });

  test('closes its transport when it is ended, so that its successor is alone', async () => {
    const { incarnation, transport } = await beginFake();
    await incarnation.end();
    expect(transport.ends).toEqual(['close']);
  });
});
