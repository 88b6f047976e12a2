// What the tests of transport share.
import { afterEach } from '@jest/globals';
import { recordLog } from '../../../effects/testing/recorded-log.ts';
import type { NodeAddress } from '../../../protocol/identity.ts';
import { routingKey, type Route } from '../../../protocol/routing.ts';
import { createMetrics } from '../../../telemetry/metrics.ts';
import type { Settlement, Transport } from '../../../transport/port.ts';
import { namesFor } from '../../../transport/topology.ts';
import type { ActorRef } from '../../ref.ts';
import { FakeTransport } from '../../testing/fake-transport.ts';
import { address, bodies, frame } from '../../testing/frames.ts';
import { probe } from '../../testing/probe.ts';
import { supervise } from '../../testing/recorder.ts';
import { createWorld, settle, type World } from '../../testing/world.ts';
import type { SetPolicies } from '../broker-work.ts';
import { serverTransport, type EventsArrived, type PresenceArrived, type ServerTransportMessage, type WatchArrived } from '../transport.ts';
import type { Identities } from '../vouching.ts';

export const prefix = 'test';

export const names = namesFor(prefix);

const queues = { reports: names.events, presence: names.presence };

export const stranger: NodeAddress = { cluster: 'lab', node: 'n2' };

const worlds: World[] = [];

export const open = (): World => {
  const world = createWorld();
  worlds.push(world);
  return world;
};

export const begin = (world: World, open: () => Transport, settle: (arrived: EventsArrived) => void = ({ reply }) => reply('ack'), identities?: Identities) => {
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

export const beginFake = async (onEvents?: (arrived: EventsArrived) => void, identities?: Identities) => {
  const transport = new FakeTransport();
  const begun = begin(open(), () => transport, onEvents, identities);
  transport.connect();
  await settle();
  const deliver = (queue: string, body: Uint8Array, route: Route | string, userId?: string): Promise<Settlement> =>
    transport.deliver(queue, body, { queue, exchange: names.reports, routingKey: typeof route === 'string' ? route : routingKey(route), redelivered: true, userId });
  return { ...begun, deliver, transport };
};

export const eventsFrame = () => frame('events', bodies.events, { from: address });

/** For each test of the file that calls it. */
export const useTransportStage = (): void => {
  afterEach(() => {
    for (const { system } of worlds.splice(0)) system.stop();
  });
};
