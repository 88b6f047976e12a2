// Configuration as it travels and as `jetpack config` answers from it: a tree of JSON values, keys dotted from its root.
import * as z from 'zod';

export type Json = null | boolean | number | string | readonly Json[] | Tree;

export interface Tree {
  readonly [key: string]: Json;
}

// What is checked here has been parsed as JSON, so all in it is JSON: looking at each part again would take seconds of a large tree.
const tree = z.record(z.string(), z.unknown()) as unknown as z.ZodType<Tree>;

/** What a server gives one node: the cluster's template and settings, merged for it. */
export const configuration = z.object({
  revision: z.int().min(1).describe("rises with every change of the server's templates and settings"),
  tree: tree.describe('keys that matter to jetpackd: `roles`, `cyclecloud.cluster_init_specs`, `cyclecloud.locker`'),
});

export type Configuration = z.infer<typeof configuration>;

/** One spec to converge, an element of `cyclecloud.cluster_init_specs` (reference, section 8). */
export const specReference = z.object({
  project: z.string(),
  version: z.string(),
  spec: z.string(),
  /** `file://` and an absolute path; absent: `cyclecloud.locker`. */
  locker: z.string().optional(),
  /** Lower first; equal ones in the order of the list. */
  order: z.int().optional(),
  /** A project that is missing is passed over. */
  optional: z.boolean().optional(),
});

export type SpecReference = z.infer<typeof specReference>;
