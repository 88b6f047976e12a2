// The node's tree: which actor hangs where. Begun in this order and ended in the reverse, so that what comes in stops
// first and the way out stays open longest.
import type { ActorSystem } from '../actors/system.ts';
import { gateway, type GatewayPorts } from '../actors/node/gateway.ts';
import { messaging, type MessagingMessage, type MessagingPorts } from '../actors/node/messaging.ts';
import { sync, type SyncMessage, type SyncPorts } from '../actors/node/sync.ts';
import { nodeTransport, type NodeTransportMessage, type NodeTransportPorts } from '../actors/node/transport.ts';
import type { ActorRef } from '../actors/ref.ts';
import { brokerLeaf, leaf } from './leaf.ts';
import { actor, supervisor, type SupervisorSpec } from './spec.ts';

export interface NodeRefs {
  readonly transport: ActorRef<NodeTransportMessage>;
  readonly messaging: ActorRef<MessagingMessage>;
  readonly sync: ActorRef<SyncMessage>;
}

const name = 'node';

export const nodeRefs = (system: ActorSystem): NodeRefs => ({
  transport: system.ref(`${name}/transport`),
  messaging: system.ref(`${name}/messaging`),
  sync: system.ref(`${name}/sync`),
});

export interface NodePorts {
  readonly transport: Omit<NodeTransportPorts, 'messaging' | 'sync'>;
  readonly messaging: Omit<MessagingPorts, 'transport'>;
  readonly sync: Omit<SyncPorts, 'transport' | 'messaging'>;
  readonly gateway: Omit<GatewayPorts, 'messaging'>;
}

export const nodeTree = (refs: NodeRefs, ports: NodePorts): SupervisorSpec =>
  supervisor({
    name,
    strategy: 'one-for-one',
    children: [
      actor(nodeTransport({ ...ports.transport, messaging: refs.messaging, sync: refs.sync }), brokerLeaf),
      actor(messaging({ ...ports.messaging, transport: refs.transport }), leaf),
      actor(sync({ ...ports.sync, transport: refs.transport, messaging: refs.messaging }), leaf),
      actor(gateway({ ...ports.gateway, messaging: refs.messaging }), leaf),
    ],
  });
