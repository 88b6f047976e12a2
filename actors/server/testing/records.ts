// Nodes as a store tells of them, for tests.
import type { NodeRecord } from '../ports.ts';

/** A node that is ready, and of which nothing else was told. */
export const nodeRecord = (more: Partial<NodeRecord> = {}): NodeRecord => ({
  cluster: 'lab',
  node: 'n1',
  instanceId: 'i',
  hostname: 'h',
  version: '1.0.0',
  phase: 'ready',
  detail: undefined,
  phaseAt: 0,
  conditions: [],
  keepalive: undefined,
  terminations: [],
  shutdown: undefined,
  properties: {},
  converge: undefined,
  ...more,
});
