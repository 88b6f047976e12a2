import { describe, expect, test } from '@jest/globals';
import { decodeFrame, encodeFrame } from '../../protocol/codec.ts';
import type { Frame } from '../../protocol/frames.ts';
import { routingKey } from '../../protocol/routing.ts';
import { createEmbeddedBroker } from '../../transport/embedded/broker.ts';
import type { OutgoingMessage, Settlement } from '../../transport/port.ts';
import { nodeQueue, nodeTopology, serverTopology } from '../../transport/topology.ts';
import { refusal } from '../broker-link.ts';
import { FakeTransport } from '../testing/fake-transport.ts';
import { address, bodies, frame, newId } from '../testing/frames.ts';
import { wires } from '../testing/wires.ts';
import { settle, until } from '../testing/world.ts';
import type { EventsArrived } from './transport.ts';
import { begin, beginFake, eventsFrame, names, open, prefix, stranger, useTransportStage } from './testing/transport-stage.ts';

useTransportStage();

const fromNode = (sent: Frame, type: 'events' | 'register' | 'heartbeat' | 'watch'): OutgoingMessage => ({
  exchange: names.reports,
  routingKey: routingKey({ type, ...address }),
  body: encodeFrame(sent),
  messageId: sent.id,
  persistent: true,
});

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
