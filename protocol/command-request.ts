// What is posted to `/api/commands`. A member that it does not know is an error: it would be an order that nobody follows.
import { z } from 'zod';
import type { Json } from './configuration.ts';
import { clusterName, id, nodeName } from './identity.ts';

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
    z.strictObject({ ...common, command: z.literal('check') }),
    z.strictObject({ ...common, command: z.literal('converge'), rerunScripts: z.boolean().optional() }),
    z.strictObject({ ...common, command: z.literal('set'), key: settingKey, value }),
  ],
  { error: 'is none of check, converge, set' },
);

export type CommandRequest = z.infer<typeof commandRequest>;
