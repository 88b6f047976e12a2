// What a node reports: events. Each is encoded by itself and keeps its form from the node's outbox to the server's store.
// Within a major version fields are only added; a reader ignores fields it does not know. The descriptions are what
// docs/PROTOCOL.md prints.
import { z } from 'zod';
import { id } from './identity.ts';
import { traceContext } from './trace.ts';

export const levels = ['info', 'warn', 'error'] as const;
export const priorities = ['low', 'medium', 'high'] as const;
export const phases = ['starting', 'ready', 'stopping'] as const;

export const level = z.enum(levels);
export const priority = z.enum(priorities);
const phase = z.enum(phases);

export type Level = z.infer<typeof level>;
export type Priority = z.infer<typeof priority>;
export type Phase = z.infer<typeof phase>;

/** A sequence number: 1, 2, 3 … within a lane of a stream. */
export const sequence = z.int().min(1);

const event = <K extends string, S extends z.ZodRawShape>(kind: K, meaning: string, fields: S) =>
  z
    .object({
      kind: z.literal(kind),
      id,
      at: z.int().min(0).describe("the node's wall clock when the event was made, milliseconds since the epoch"),
      trace: traceContext,
      ...fields,
    })
    .describe(meaning);

export const eventSchemas = {
  log: event('log', '`jetpack log MESSAGE`.', { level, priority, message: z.string() }),
  node: event('node', 'What the node is, once at every start of its daemon.', {
    instanceId: z.string().describe("the cloud's name for the machine"),
    hostname: z.string(),
    version: z.string().describe('of jetpackd'),
    pid: z.int().describe('of jetpackd'),
  }),
  phase: event('phase', 'Where the node stands.', {
    phase,
    detail: z.string().optional().describe('one line for a person'),
  }),
  undelivered: event('undelivered', 'A message of `jetpack send` that left as a failure.', {
    messageId: id,
    routingKey: z.string(),
    reason: z.string().describe('nothing was bound for its routing key, or the broker refused it for good'),
  }),
  dropped: event('dropped', 'A tombstone: these sequences of this lane will never come.', {
    from: sequence.describe('the first of them'),
    to: sequence.describe('the last of them'),
    reason: z.string(),
  }),
} as const;

export type EventKind = keyof typeof eventSchemas;

export type JetpackEvent = { [K in EventKind]: z.infer<(typeof eventSchemas)[K]> }[EventKind];

export type EventOf<K extends EventKind> = Extract<JetpackEvent, { kind: K }>;

/** How important an event is: what gives way first in a full outbox, and what a cluster page shows (medium and above). */
export const priorityOf = (event: JetpackEvent): Priority => {
  switch (event.kind) {
    case 'log':
      return event.priority;
    case 'node':
    case 'phase':
    case 'undelivered':
    case 'dropped':
      return 'high';
  }
};
