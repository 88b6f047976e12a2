// What a server is told of a cluster: a file `clusters/NAME.json` in its home. It is written by hand, so what it does not
// know is an error and no silence.
import * as z from 'zod';
import { specReference, type Tree } from './configuration.ts';

/** It was parsed, so all in it is JSON: looking at each part again would take long where there are many. */
const tree = z
  .custom<Tree>((given) => typeof given === 'object' && given !== null && !Array.isArray(given), 'is not an object')
  .meta({ type: 'object', additionalProperties: {} });

const specs = z.array(specReference).max(1_000).describe('what to converge, in this order');

const nodeEntry = z.strictObject({
  roles: z.array(z.string().min(1).max(255)).max(100).optional().describe('what its nodes are waited for by; `roles` in their configuration'),
  configuration: tree.optional().describe("laid over the cluster's"),
  specs: specs.optional().describe("after the cluster's"),
});

export const clusterTemplate = z.strictObject({
  configuration: tree.optional().describe('of every node of the cluster'),
  locker: z.string().min(1).max(4_096).optional().describe('where projects are, unless a spec names its own'),
  specs: specs.optional(),
  nodes: z
    .record(z.string().min(1).max(255), nodeEntry)
    .optional()
    .describe("under a node's name, or a pattern in which `*` stands for any text; the exact name wins, then the first pattern that fits"),
});

export type ClusterTemplate = z.infer<typeof clusterTemplate>;
export type NodeEntry = z.infer<typeof nodeEntry>;
