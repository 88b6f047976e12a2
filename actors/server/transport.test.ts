import { afterEach, describe, expect, test } from '@jest/globals';
import { recordLog } from '../../effects/testing/recorded-log.ts';
import { decodeFrame, encodeFrame } from '../../protocol/codec.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { NodeAddress } from '../../protocol/identity.ts';
import { routingKey, type Route } from '../../protocol/routing.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { createEmbeddedBroker } from '../../transport/embedded/broker.ts';
import type { OutgoingMessage, Settlement, Transport } from '../../transport/port.ts';
import { namesFor, nodeQueue, nodeTopology, nodeUser, serverTopology } from '../../transport/topology.ts';
import { refusal } from '../broker-link.ts';
import type { ActorRef } from '../ref.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import { address, bodies, frame, newId } from '../testing/frames.ts';
import { probe } from '../testing/probe.ts';
import { supervise } from '../testing/recorder.ts';
import { wires } from '../testing/wires.ts';
import { createWorld, settle, until, type World } from '../testing/world.ts';
import type { SetPolicies } from './broker-work.ts';
import { serverTransport, type EventsArrived, type PresenceArrived, type ServerTransportMessage, type WatchArrived } from './transport.ts';
import type { Identities } from './vouching.ts';

const prefix = 'test';
const names = namesFor(prefix);
const queues = { reports: names.events, presence: names.presence };
const stranger: NodeAddress = { cluster: 'lab', node: 'n2' };

const worlds: World[] = [];
const open = (): World => {
  const world = createWorld();
  worlds.push(world);
  return world;
};
afterEach(() => {
  for (const { system } of worlds.splice(0)) system.stop();
});

const begin = (world: World, open: () => Transport, settle: (arrived: EventsArrived) => void = ({ reply }) => reply('ack'), identities?: Identities) => {
  const { clock, system } = world;
  const log = recordLog();
  const events = probe<EventsArrived>(system, 'events', settle);
  const roster = probe<PresenceArrived>(system, 'roster');
  const orchestrator = probe<WatchArrived>(system, 'orchestrator');
  const enrolment = probe<SetPolicies>(system, 'enrolment');
  const watching = supervise('end');
  const ports = { open, queues, commandsExchange: names.commands, identities, events: events.ref, roster: roster.ref, orchestrator: orchestrator.ref, enrolment: enrolment.ref, metrics: createMetrics(clock), clock, logger: log.logger };
  const incarnation = system.spawn('transport', serverTransport(ports), watching);
  const ref: ActorRef<ServerTransportMessage> = system.ref('transport');
  return { clock, enrolment, events, incarnation, log, orchestrator, ref, roster, system, watching };
};

const beginFake = async (onEvents?: (arrived: EventsArrived) => void, identities?: Identities) => {
  const transport = new FakeTransport();
  const begun = begin(open(), () => transport, onEvents, identities);
  transport.connect();
  await settle();
  const deliver = (queue: string, body: Uint8Array, route: Route | string, userId?: string): Promise<Settlement> =>
    transport.deliver(queue, body, { queue, exchange: names.reports, routingKey: typeof route === 'string' ? route : routingKey(route), redelivered: true, userId });
  return { ...begun, deliver, transport };
};

const fromNode = (sent: Frame, type: 'events' | 'register' | 'heartbeat' | 'watch'): OutgoingMessage => ({
  exchange: names.reports,
  routingKey: routingKey({ type, ...address }),
  body: encodeFrame(sent),
  messageId: sent.id,
  persistent: true,
});

const eventsFrame = () => frame('events', bodies.events, { from: address });

describe.each(wires)('the transport of a server over $name', ({ over }) => {
  const connect = (settle?: (arrived: EventsArrived) => void) => {
    const world = open();
    const broker = createEmbeddedBroker({ clock: world.clock });
    const node = broker.connect({ name: 'node', topology: nodeTopology(prefix, address) });
    const begun = begin(world, () => over(broker.connect({ name: 'server', topology: serverTopology(prefix) }), world.clock), settle);
    const send = async (message: OutgoingMessage): Promise<void> => {
      for (let sent = false; !sent; sent = (await node.publish(message)).outcome === 'confirmed') await new Promise((resolve) => setImmediate(resolve));
    };
    return { ...begun, node, send };
  };

  test('brings frames of events to `events` until it acknowledges them, presence to the roster and watches to the orchestrator', async () => {
    const refused = new Set<string>();
    const { clock, events, orchestrator, roster, send } = connect(({ frame: { id }, reply }) => {
      reply(refused.has(id) ? 'ack' : 'requeue');
      refused.add(id);
    });
    const sent = Array.from({ length: 10 }, eventsFrame);
    const register = frame('register', bodies.register, { from: address });
    const heartbeat = frame('heartbeat', bodies.heartbeat, { from: address });
    for (const one of sent) await send(fromNode(one, 'events'));
    await send(fromNode(register, 'register'));
    await send(fromNode(heartbeat, 'heartbeat'));
    const watch = frame('watch', bodies.watch, { from: address });
    await send(fromNode(watch, 'watch'));
    const times = (id: string): number => events.received.filter((arrived) => arrived.frame.id === id).length;
    await until(clock, 'every frame has come twice', () => sent.every(({ id }) => times(id) >= 2));
    await until(clock, 'the presence has come', () => new Set(roster.received.map((presence) => presence.frame.id)).size === 2);
    await until(clock, 'the watch has come', () => orchestrator.received.length > 0);
    expect(orchestrator.received[0]).toEqual({ type: 'watch', frame: watch });
    expect(roster.received).toEqual(expect.arrayContaining([{ type: 'presence', frame: register }, { type: 'presence', frame: heartbeat }]));
  });

  test('rejects what is not from whom its routing key names, and the others come', async () => {
    const { clock, events, send } = connect();
    const forged = frame('events', bodies.events, { from: stranger });
    const honest = eventsFrame();
    await send(fromNode(forged, 'events'));
    await send(fromNode(honest, 'events'));
    await until(clock, 'the honest one has come', () => events.received.some((arrived) => arrived.frame.id === honest.id));
    expect(events.received.map((arrived) => arrived.frame.from)).not.toContainEqual(stranger);
  });

  test('publishes answers to the node they are for, and repeats none by itself', async () => {
    const { clock, node, ref, system } = connect();
    const got = new Set<string>();
    await node.consume(nodeQueue(prefix, address), { prefetch: 10 }, ({ body }) => {
      const decoded = decodeFrame(body);
      if (decoded.ok) got.add(decoded.value.id);
      return 'ack';
    });
    const asked: string[] = [];
    // As a node does, whose events stay unanswered.
    while (got.size < 5) {
      const answer = frame('applied', bodies.applied, { correlationId: newId() });
      asked.push(answer.id);
      system.tell(ref, { type: 'answer', to: address, frame: answer });
      await clock.advance(10);
      await settle(3);
      if (asked.length > 1_000) throw new Error('none of 1,000 answers arrived');
    }
    expect(asked).toEqual(expect.arrayContaining([...got]));
  });
});

describe('a frame of events', () => {
  test('is handed on with how far the clock of its node is off, once none can have waited for the server in the queue', async () => {
    const { clock, deliver, events, transport } = await beginFake();
    const offset = async (sentAt: number): Promise<number | undefined> => {
      await deliver(names.events, encodeFrame({ ...eventsFrame(), sentAt }), { type: 'events', ...address });
      return events.received.at(-1)?.clockOffsetMs;
    };
    const hour = 3_600_000;
    // What has come so soon may be an hour old.
    expect([await offset(clock.now() - hour), await offset(clock.now() + hour)]).toEqual([0, -hour]);
    await clock.advance(60_000);
    expect([await offset(clock.now() - hour), await offset(clock.now() + hour)]).toEqual([hour, -hour]);
    transport.connect();
    await settle();
    expect(await offset(clock.now() - hour)).toBe(0);
  });

  test('is handed on with what is needed of its delivery, and not with its bytes', async () => {
    const { deliver, events } = await beginFake();
    const sent = eventsFrame();
    expect(await deliver(names.events, encodeFrame(sent), { type: 'events', ...address })).toBe('ack');
    const delivery = { exchange: names.reports, routingKey: 'events.lab.n1', queue: names.events, redelivered: true };
    expect(events.received).toEqual([{ type: 'frame', frame: sent, bytes: encodeFrame(sent).length, clockOffsetMs: expect.any(Number), delivery, publication: undefined, reply: expect.any(Function) }]);
  });

  test.each<Settlement>(['ack', 'requeue', 'reject'])('is settled as `events` says, with %s', async (settlement) => {
    const { deliver } = await beginFake(({ reply }) => reply(settlement));
    expect(await deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address })).toBe(settlement);
  });

  test('comes again when `events` is silent for a minute, and not before', async () => {
    const { clock, deliver } = await beginFake(() => undefined);
    let settled: Settlement | undefined;
    void deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address }).then((settlement) => (settled = settlement));
    await settle();
    await clock.advance(59_999);
    await settle();
    expect(settled).toBeUndefined();
    await clock.advance(1);
    await settle();
    expect(settled).toBe('requeue');
  });

  test('comes again when `events` crashes over it', async () => {
    const { deliver } = await beginFake(() => {
      throw new Error('a defect');
    });
    expect(await deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address })).toBe('requeue');
  });
});

describe('a frame that no honest node sends', () => {
  test.each<readonly [string, string, Uint8Array, Route | string]>([
    ['that cannot be read', names.events, Buffer.from('{"v":1'), { type: 'events', ...address }],
    ['of another version', names.presence, Buffer.from('{"v":9,"kind":"register"}'), { type: 'register', ...address }],
    ['without a sender', names.events, encodeFrame(frame('events', bodies.events)), { type: 'events', ...address }],
    ["in another's name", names.events, encodeFrame(eventsFrame()), { type: 'events', ...stranger }],
    ["in another cluster's name", names.presence, encodeFrame(frame('heartbeat', bodies.heartbeat, { from: address })), { type: 'heartbeat', cluster: 'dev', node: 'n1' }],
    ['by the routing key of a cluster', names.events, encodeFrame(eventsFrame()), { type: 'cluster', cluster: 'lab' }],
    ['by a routing key that is none of ours', names.events, encodeFrame(eventsFrame()), 'events.lab'],
    ['of presence, with the reports', names.events, encodeFrame(frame('heartbeat', bodies.heartbeat, { from: address })), { type: 'events', ...address }],
    ['of events, with the presence', names.presence, encodeFrame(eventsFrame()), { type: 'heartbeat', ...address }],
    ['of a watch, with the reports', names.events, encodeFrame(frame('watch', bodies.watch, { from: address })), { type: 'events', ...address }],
    ["of a watch, in another's name", names.presence, encodeFrame(frame('watch', bodies.watch, { from: address })), { type: 'watch', ...stranger }],
    ['meant for a node', names.presence, encodeFrame(frame('registered', bodies.registered, { from: address })), { type: 'register', ...address }],
  ])('%s is rejected with one line that says why, and reaches no actor', async (_what, queue, body, route) => {
    const { deliver, events, log, orchestrator, roster } = await beginFake();
    expect(await deliver(queue, body, route)).toBe('reject');
    await settle();
    expect([events.received, roster.received, orchestrator.received]).toEqual([[], [], []]);
    const warnings = log.lines.filter((line) => line.startsWith('warn: '));
    expect(warnings).toEqual([expect.stringMatching(/^warn: a frame was refused: .{10,}/)]);
    expect(log.fields.at(-1)).toMatchObject({ code: expect.stringMatching(/^frame_/), queue });
  });
});

describe('where identities are required', () => {
  const identities = (revoked: readonly string[] = []): Identities => ({ userOf: (node) => nodeUser(prefix, node), isRevoked: ({ node }) => revoked.includes(node) });
  const beat = (from: NodeAddress) => encodeFrame(frame('heartbeat', bodies.heartbeat, { from }));

  test("a frame of a node is taken from the node's own user", async () => {
    const { deliver, events, roster } = await beginFake(undefined, identities());
    expect(await deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address }, nodeUser(prefix, address))).toBe('ack');
    expect(await deliver(names.presence, beat(address), { type: 'heartbeat', ...address }, nodeUser(prefix, address))).toBe('ack');
    await settle();
    expect([events.received.length, roster.received.length]).toEqual([1, 1]);
  });

  test.each([
    ['another node', nodeUser(prefix, stranger)],
    ['the server itself', 'server'],
    ['nobody', undefined],
    ['a user whose name begins alike', `${nodeUser(prefix, address)}x`],
    ['the same node of another prefix', nodeUser('other', address)],
  ])('a frame that %s published reaches no actor, and is told as what it is', async (_who, userId) => {
    const { deliver, events, log, roster } = await beginFake(undefined, identities());
    expect(await deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address }, userId)).toBe('reject');
    expect(await deliver(names.presence, beat(address), { type: 'heartbeat', ...address }, userId)).toBe('reject');
    expect([events.received, roster.received]).toEqual([[], []]);
    expect(log.lines.filter((line) => line.startsWith('warn: '))).toEqual([expect.stringMatching(/^warn: .* is refused as lab\/n1: that is not its user/)]);
    expect(log.fields.at(-1)).toMatchObject({ code: 'identity_refused', cluster: 'lab', node: 'n1' });
  });

  test('a frame of a revoked node is refused, though its user published it', async () => {
    const { deliver, events, log } = await beginFake(undefined, identities(['n1']));
    expect(await deliver(names.events, encodeFrame(eventsFrame()), { type: 'events', ...address }, nodeUser(prefix, address))).toBe('reject');
    expect(events.received).toEqual([]);
    expect(log.lines.at(-1)).toContain('its identity was revoked');
  });

  test('a forger is logged once a minute, however often it tries, and another at once', async () => {
    const { clock, deliver, log } = await beginFake(undefined, identities());
    const forge = (userId: string) => deliver(names.presence, beat(address), { type: 'heartbeat', ...address }, userId);
    const warnings = () => log.lines.filter((line) => line.startsWith('warn: ')).length;
    for (let tries = 0; tries < 20; tries += 1) expect(await forge('one')).toBe('reject');
    expect(warnings()).toBe(1);
    await forge('two');
    expect(warnings()).toBe(2);
    await clock.advance(59_999);
    await forge('one');
    expect(warnings()).toBe(2);
    await clock.advance(1);
    await forge('one');
    expect(warnings()).toBe(3);
  });
});

describe('an answer to a node', () => {
  test('is transient and expires', async () => {
    const { ref, system, transport } = await beginFake();
    const answer = frame('registered', bodies.registered);
    system.tell(ref, { type: 'answer', to: address, frame: answer });
    await settle();
    expect(transport.published.map(({ message }) => message)).toEqual([
      {
        exchange: names.commands,
        routingKey: 'node.lab.n1',
        body: encodeFrame(answer),
        messageId: answer.id,
        type: 'registered',
        contentType: 'application/json',
        persistent: false,
        expiresMs: 60_000,
      },
    ]);
  });

  test('expires with its deadline, when that is sooner', async () => {
    const { ref, system, transport } = await beginFake();
    for (const remainingMs of [5_000, 90_000]) system.tell(ref, { type: 'answer', to: address, frame: { ...frame('command', bodies.command), remainingMs } });
    await settle();
    expect(transport.published.map(({ message }) => message.expiresMs)).toEqual([5_000, 60_000]);
  });

  test.each(['unroutable', 'nacked', 'unconfirmed', 'closed'] as const)('that is %s is lost: it is asked for again', async (outcome) => {
    const { ref, system, transport, watching } = await beginFake();
    system.tell(ref, { type: 'answer', to: address, frame: frame('registered', bodies.registered) });
    await settle();
    transport.published[0]?.answer(outcome);
    await settle();
    expect([transport.published.length, watching.crashes]).toEqual([1, []]);
  });
});

describe('the transport of a server', () => {
  test('takes no more frames at a time than can wait for the store', async () => {
    const { transport } = await beginFake();
    expect(Object.fromEntries(transport.prefetch)).toEqual({ [names.events]: 128, [names.presence]: 500 });
  });

  test('has the policies of the broker set whenever it has reached it anew, and for nothing else', async () => {
    const { enrolment, transport } = await beginFake();
    transport.connect();
    await settle();
    expect(enrolment.received).toEqual([{ type: 'policies' }]);
    transport.tell({ type: 'blocked', reason: 'disk' }, { type: 'unblocked' }, { type: 'disconnected', code: 'transport_closed', reason: 'gone', retryInMs: 1 });
    await settle();
    expect(enrolment.received).toHaveLength(1);
    transport.connect();
    await settle();
    expect(enrolment.received).toEqual([{ type: 'policies' }, { type: 'policies' }]);
  });

  test('crashes with the code of a refusal that no reconnect can mend', async () => {
    const { transport, watching } = await beginFake();
    transport.tell({ type: 'failed', code: 'topology_mismatch', reason: 'queue q exists with other arguments' });
    await settle();
    expect(watching.crashes.map(({ error }) => refusal(error))).toEqual(['topology_mismatch']);
  });

  test('crashes when its queues cannot be consumed', async () => {
    const transport = new FakeTransport();
    transport.refusal = new Error('not in the topology');
    const { watching } = begin(open(), () => transport);
    await settle();
    expect(watching.crashes).toEqual([{ reason: 'threw', error: transport.refusal }]);
  });

  test('drains its transport, then closes it; ended, it only closes it', async () => {
    const drained = await beginFake();
    expect(await drained.incarnation.drain()).toEqual({ forced: false, failures: [], releaseTimedOut: false });
    const ended = await beginFake();
    await ended.incarnation.end();
    expect([drained.transport.ends, ended.transport.ends]).toEqual([['drain', 'close'], ['close']]);
  });
});
