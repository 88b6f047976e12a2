// What the server's API answers, for tests of the view.
import type { StoredEvent } from '../../actors/server/ports.ts';
import type { NodeView } from '../../actors/server/roster.ts';

export const nodeView = (node: string, more: Partial<NodeView> = {}): NodeView => ({
  cluster: 'box',
  node,
  instanceId: `box-${node}`,
  hostname: node,
  version: '1.0.0',
  phase: 'ready',
  detail: undefined,
  phaseAt: 0,
  roles: [],
  identity: undefined,
  conditions: [],
  keepalive: undefined,
  termination: undefined,
  shutdown: undefined,
  properties: {},
  converge: undefined,
  configuration: undefined,
  link: 'online',
  lastSeenAt: 0,
  outbox: 0,
  ...more,
});

export const storedEvent = (message: string, more: Partial<StoredEvent> = {}): StoredEvent => ({
  cluster: 'box',
  node: 'scheduler',
  position: 1,
  stream: 'stream',
  lane: 'report',
  sequence: 1,
  id: undefined,
  kind: 'log',
  at: 0,
  receivedAt: new Date(2026, 0, 2, 3, 4, 5).getTime(),
  level: 'info',
  priority: 'medium',
  message,
  raw: '{}',
  problem: undefined,
  ...more,
});
