// The server's tree: which actor hangs where. Begun in this order and ended in the reverse.
import type { ActorSystem } from '../actors/system.ts';
import { api, type ApiPorts } from '../actors/server/api.ts';
import { enrolment, type EnrolmentMessage, type EnrolmentPorts } from '../actors/server/enrolment.ts';
import { events, type EventsMessage, type EventsPorts } from '../actors/server/events.ts';
import { orchestrator, type OrchestratorMessage, type OrchestratorPorts } from '../actors/server/orchestrator.ts';
import { roster, type RosterMessage, type RosterPorts } from '../actors/server/roster.ts';
import { serverTransport, type ServerTransportMessage, type ServerTransportPorts } from '../actors/server/transport.ts';
import type { ActorRef } from '../actors/ref.ts';
import { brokerLeaf, leaf, managementLeaf, storeLeaf } from './leaf.ts';
import { actor, supervisor, type SupervisorSpec } from './spec.ts';

export interface ServerRefs {
  readonly transport: ActorRef<ServerTransportMessage>;
  readonly roster: ActorRef<RosterMessage>;
  readonly orchestrator: ActorRef<OrchestratorMessage>;
  readonly events: ActorRef<EventsMessage>;
  readonly enrolment: ActorRef<EnrolmentMessage>;
}

const name = 'server';

export const serverRefs = (system: ActorSystem): ServerRefs => ({
  transport: system.ref(`${name}/transport`),
  roster: system.ref(`${name}/roster`),
  orchestrator: system.ref(`${name}/orchestrator`),
  events: system.ref(`${name}/events`),
  enrolment: system.ref(`${name}/enrolment`),
});

export interface ServerPorts {
  readonly transport: Omit<ServerTransportPorts, 'events' | 'roster' | 'orchestrator' | 'enrolment'>;
  readonly roster: Omit<RosterPorts, 'transport' | 'orchestrator'>;
  readonly orchestrator: Omit<OrchestratorPorts, 'transport' | 'roster'>;
  readonly events: Omit<EventsPorts, 'transport' | 'roster'>;
  readonly enrolment: EnrolmentPorts;
  readonly api: Omit<ApiPorts, 'roster' | 'orchestrator' | 'enrolment' | 'events'>;
}

export const serverTree = (refs: ServerRefs, ports: ServerPorts): SupervisorSpec =>
  supervisor({
    name,
    strategy: 'one-for-one',
    children: [
      actor(roster({ ...ports.roster, transport: refs.transport, orchestrator: refs.orchestrator }), leaf),
      actor(orchestrator({ ...ports.orchestrator, transport: refs.transport, roster: refs.roster }), leaf),
      actor(events({ ...ports.events, transport: refs.transport, roster: refs.roster }), storeLeaf),
      actor(serverTransport({ ...ports.transport, events: refs.events, roster: refs.roster, orchestrator: refs.orchestrator, enrolment: refs.enrolment }), brokerLeaf),
      actor(enrolment(ports.enrolment), managementLeaf),
      actor(api({ ...ports.api, roster: refs.roster, orchestrator: refs.orchestrator, enrolment: refs.enrolment, events: refs.events }), leaf),
    ],
  });
