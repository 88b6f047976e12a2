// What is posted to `/api/commands`. A member that it does not know is an error: it would be an order that nobody follows.
import * as z from 'zod';
import type { Json } from './configuration.ts';
import { clusterName, id, nodeName } from './identity.ts';
import { isTree } from './tree.ts';

const maxKey = 255;

/** Names that mean something else to a JavaScript object than its own member. */
const isReserved = (segment: string): boolean => segment === '__proto__';

const settingKey = z
  .string()
  .min(1, 'is empty')
  .max(maxKey, { error: `is longer than ${maxKey} characters`, abort: true })
  .refine((key) => !/\p{Cc}/u.test(key) && key.isWellFormed(), 'holds a control character or is not valid Unicode')
  .refine((key) => key.split('.').every((segment) => segment !== ''), 'has an empty part: give words joined by dots')
  .refine((key) => !key.split('.').some(isReserved), 'has a part that no setting can have');

/** Whoever asks has parsed it, so it is JSON if it is there at all; looking at each part of a megabyte again takes seconds. */
const value = z.custom<Json>((given) => given !== undefined, 'is missing');

/** Keys that something above all settings holds, so that a setting of them would never show; and where theirs come from. */
const heldAbove: ReadonlyArray<readonly [source: string, keys: readonly string[]]> = [
  [
    'the node itself',
    ['home', 'bootstrap', 'chefstate', 'node.name', 'cluster.name', 'instance.id', 'instance.hostname', 'jetpack.version', 'jetpack.executable'].map((key) => `cyclecloud.${key}`),
  ],
  ['the template of the cluster alone', ['roles', 'cyclecloud.cluster_init_specs', 'cyclecloud.locker']],
];

/** Where a setting would touch a key that is held above it: by its key or inside its value; undefined when it does not. */
const touches = (held: string, key: string, given: Json): 'key' | 'value' | undefined => {
  if (`${key}.`.startsWith(`${held}.`)) return 'key';
  if (!held.startsWith(`${key}.`)) return undefined;
  let inner: Json = given;
  // An object stands there, which gives way to nothing else.
  if (!isTree(inner)) return 'key';
  for (const segment of held.slice(key.length + 1).split('.')) {
    if (!isTree(inner)) return 'value';
    const next: Json | undefined = Object.hasOwn(inner, segment) ? inner[segment] : undefined;
    if (next === undefined) return undefined;
    inner = next;
  }
  return 'value';
};

const refuseHidden = ({ key, value: given }: { readonly key: string; readonly value: Json }, context: z.RefinementCtx): void => {
  for (const [source, keys] of heldAbove) {
    for (const held of keys) {
      const where = touches(held, key, given);
      if (where !== undefined) context.addIssue({ code: 'custom', path: [where], message: `${held} comes from ${source}: a setting of it would never show` });
    }
  }
};

const week = 7 * 24 * 3_600;

const span = `is not a whole number from 1 to ${week}`;

const common = {
  id: id.optional().describe('the same id again is the same command: for a caller that must try again'),
  cluster: clusterName,
  nodes: z
    .union([z.literal('all'), z.array(nodeName).min(1, 'names no node').max(10_000)], { error: 'is neither "all" nor a list of at most 10,000 names of nodes' })
    .describe('"all": every node of the cluster that is known'),
  expiresInSeconds: z.int(span).min(1, span).max(week, span).default(3_600).describe('a node that is not reached so long is passed over'),
};

export const commandRequest = z.discriminatedUnion(
  'command',
  [
    z.strictObject({ ...common, command: z.literal('check') }).describe('Runs the health checks.'),
    z
      .strictObject({ ...common, command: z.literal('converge'), rerunScripts: z.boolean().optional().describe('also scripts that ended well before') })
      .describe('Runs the scripts that have not run.'),
    z
      .strictObject({
        ...common,
        command: z.literal('set'),
        key: settingKey.describe('dotted: `a.b` is `b` in the object `a`'),
        value: value.describe('any JSON; an object is merged with what is there, anything else replaces it'),
      })
      .superRefine(refuseHidden)
      .describe('Changes the configuration: of the nodes named, or of the whole cluster and what joins it later.'),
    z.strictObject({ ...common, command: z.literal('end') }).describe('Tells nodes that they are about to be ended: they run what `jetpack run_on_shutdown` registered. It ends no node.'),
  ],
  { error: 'is none of check, converge, set, end' },
);

export type CommandRequest = z.infer<typeof commandRequest>;
