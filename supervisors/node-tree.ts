// The node's tree: which actor hangs where. Begun in this order and ended in the reverse, so that what comes in stops
// first and the way out stays open longest.
import type { ActorSystem } from '../actors/system.ts';
import { config, type ConfigPorts } from '../actors/node/config/config.ts';
import type { ConfigMessage } from '../actors/node/config/messages.ts';
import { converge, type ConvergePorts } from '../actors/node/converge/converge.ts';
import type { ConvergeMessage } from '../actors/node/converge/messages.ts';
import { gateway, type GatewayPorts } from '../actors/node/gateway/gateway.ts';
import { healthcheck, type HealthcheckMessage, type HealthcheckPorts } from '../actors/node/health/healthcheck.ts';
import { keepalive, type KeepaliveMessage, type KeepalivePorts } from '../actors/node/keepalive/keepalive.ts';
import { lifecycle, type LifecycleMessage, type LifecyclePorts } from '../actors/node/lifecycle/lifecycle.ts';
import { messaging, type MessagingMessage, type MessagingPorts } from '../actors/node/messaging/messaging.ts';
import type { ServePorts } from '../actors/node/gateway/serve-request.ts';
import type { StatusPorts } from '../actors/node/gateway/status.ts';
import { sync, type SyncMessage, type SyncPorts } from '../actors/node/sync/sync.ts';
import { nodeTransport, type NodeTransportMessage, type NodeTransportPorts } from '../actors/node/transport.ts';
import type { ActorRef } from '../actors/ref.ts';
import { brokerLeaf, leaf, scriptLeaf } from './leaf.ts';
import { actor, supervisor, type SupervisorSpec } from './spec.ts';

export interface NodeRefs {
  readonly transport: ActorRef<NodeTransportMessage>;
  readonly messaging: ActorRef<MessagingMessage>;
  readonly config: ActorRef<ConfigMessage>;
  readonly keepalive: ActorRef<KeepaliveMessage>;
  readonly healthcheck: ActorRef<HealthcheckMessage>;
  readonly converge: ActorRef<ConvergeMessage>;
  readonly lifecycle: ActorRef<LifecycleMessage>;
  readonly sync: ActorRef<SyncMessage>;
}

const name = 'node';

export const nodeRefs = (system: ActorSystem): NodeRefs => ({
  transport: system.ref(`${name}/transport`),
  messaging: system.ref(`${name}/messaging`),
  keepalive: system.ref(`${name}/keepalive`),
  healthcheck: system.ref(`${name}/healthcheck`),
  converge: system.ref(`${name}/converge`),
  lifecycle: system.ref(`${name}/lifecycle`),
  config: system.ref(`${name}/config`),
  sync: system.ref(`${name}/sync`),
});

/** What the actors need of the machine. Whom they speak to is this file's matter. */
export interface NodePorts {
  readonly transport: Omit<NodeTransportPorts, 'messaging' | 'sync' | 'config'>;
  readonly messaging: Omit<MessagingPorts, 'transport'>;
  readonly config: Omit<ConfigPorts, 'messaging' | 'observers'>;
  readonly keepalive: Omit<KeepalivePorts, 'messaging' | 'observers'>;
  readonly healthcheck: Omit<HealthcheckPorts, 'messaging' | 'keepalive'>;
  readonly converge: Omit<ConvergePorts, 'messaging' | 'sync' | 'config' | 'healthcheck'>;
  readonly lifecycle: Omit<LifecyclePorts, 'messaging'>;
  readonly sync: Omit<SyncPorts, 'transport' | 'messaging' | 'config' | 'keepalive' | 'healthcheck' | 'converge' | 'lifecycle'>;
  readonly gateway: Omit<GatewayPorts, keyof ServePorts> & Pick<ServePorts, 'inspect' | 'host' | 'clock'>;
  readonly status: Omit<StatusPorts, 'sync' | 'config' | 'healthcheck' | 'keepalive' | 'converge' | 'lifecycle'>;
}

export const nodeTree = (refs: NodeRefs, ports: NodePorts): SupervisorSpec => {
  const { config: configuring, converge: converging, healthcheck: checking, keepalive: keeping, lifecycle: ending, messaging: telling, sync: syncing, transport } = refs;
  return supervisor({
    name,
    strategy: 'one-for-one',
    children: [
      actor(nodeTransport({ ...ports.transport, messaging: telling, sync: syncing, config: configuring }), brokerLeaf),
      actor(messaging({ ...ports.messaging, transport }), leaf),
      actor(keepalive({ ...ports.keepalive, messaging: telling, observers: [checking] }), leaf),
      actor(healthcheck({ ...ports.healthcheck, messaging: telling, keepalive: keeping }), scriptLeaf),
      actor(converge({ ...ports.converge, messaging: telling, sync: syncing, config: configuring, healthcheck: checking }), scriptLeaf),
      actor(config({ ...ports.config, messaging: telling, observers: [converging, syncing] }), leaf),
      actor(lifecycle({ ...ports.lifecycle, messaging: telling }), scriptLeaf),
      actor(
        sync({ ...ports.sync, transport, messaging: telling, config: configuring, keepalive: keeping, healthcheck: checking, converge: converging, lifecycle: ending }),
        leaf,
      ),
      actor(
        gateway({
          ...ports.gateway,
          messaging: telling,
          keepalive: keeping,
          converge: converging,
          healthcheck: checking,
          config: configuring,
          lifecycle: ending,
          sync: syncing,
          status: { ...ports.status, sync: syncing, config: configuring, healthcheck: checking, keepalive: keeping, converge: converging, lifecycle: ending },
        }),
        leaf,
      ),
    ],
  });
};
