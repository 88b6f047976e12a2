// What a node reports: events. Each is encoded by itself and keeps its form from the node's outbox to the server's store.
// Within a major version fields are only added; a reader ignores fields it does not know.
import { z } from 'zod';
import { id } from './identity.ts';
import { traceContext } from './trace.ts';

export const levels = ['info', 'warn', 'error'] as const;
export const priorities = ['low', 'medium', 'high'] as const;
export const phases = ['starting', 'ready', 'stopping'] as const;

export const level = z.enum(levels);
export const priority = z.enum(priorities);
export const phase = z.enum(phases);

export type Level = z.infer<typeof level>;
export type Priority = z.infer<typeof priority>;
export type Phase = z.infer<typeof phase>;

/** A sequence number: 1, 2, 3 … within a lane of a stream. */
export const sequence = z.int().min(1);

const common = {
  id,
  /** The node's wall clock when the event was made, in milliseconds since the epoch. */
  at: z.int().min(0),
  trace: traceContext,
};

export const eventSchemas = {
  /** `jetpack log` (reference, section 5.5). */
  log: z.object({ ...common, kind: z.literal('log'), level, priority, message: z.string() }),
  /** What the node is, once at every start of its daemon. */
  node: z.object({
    ...common,
    kind: z.literal('node'),
    instanceId: z.string(),
    hostname: z.string(),
    version: z.string(),
    pid: z.int(),
  }),
  /** Where the node stands. `detail` is one line for a person. */
  phase: z.object({ ...common, kind: z.literal('phase'), phase, detail: z.string().optional() }),
  /** A message of `jetpack send` that left as a failure: nothing was bound for its routing key, or the broker refused it for good. */
  undelivered: z.object({ ...common, kind: z.literal('undelivered'), messageId: id, routingKey: z.string(), reason: z.string() }),
  /** A tombstone: sequences `from` to `to` of this lane will never come. */
  dropped: z.object({ ...common, kind: z.literal('dropped'), from: sequence, to: sequence, reason: z.string() }),
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
