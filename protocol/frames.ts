// What crosses the wire: frames. A frame is one AMQP message, JSON in UTF-8, and says its version and kind first.
import { z } from 'zod';
import { sequence } from './events.ts';
import { id, nodeAddress } from './identity.ts';
import { traceContext } from './trace.ts';

/** The major version of the wire. Registration negotiates within what both sides speak. */
export const wireVersion = 1;

const lane = z.string().regex(/^[a-z]{1,16}$/, 'a lane is one to sixteen lower-case letters');

const envelope = {
  v: z.literal(wireVersion),
  id,
  /** The sender's wall clock, milliseconds since the epoch: for people, never for a deadline. */
  sentAt: z.int().min(0),
  trace: traceContext,
  /** Remaining time for an answer in milliseconds; absent means no deadline. */
  remainingMs: z.int().min(0).optional(),
  correlationId: id.optional(),
};

const frame = <K extends string, S extends z.ZodRawShape>(kind: K, body: S) =>
  z.object({ ...envelope, kind: z.literal(kind), from: nodeAddress.optional(), body: z.object(body) });

export const frameSchemas = {
  /** Node to server: events of one lane, in order of sequence. Each event is decoded by itself. */
  events: frame('events', {
    stream: id,
    lane,
    /** The stream that this outbox wrote before: its events up to `sequence` come first. */
    after: z.object({ stream: id, sequence: z.int().min(0) }).optional(),
    entries: z.array(z.object({ sequence, event: z.unknown() })),
  }),
  /** Node to server: may I speak, and in which version? Asked again until answered. */
  register: frame('register', {
    instanceId: z.string(),
    hostname: z.string(),
    version: z.string(),
    wire: z.object({ min: z.int(), max: z.int() }),
  }),
  /** Node to server: alive, and again in `everyMs`. Transient. */
  heartbeat: frame('heartbeat', { everyMs: z.int().min(1), phase: z.string(), uptimeMs: z.int().min(0), outbox: z.int().min(0) }),
  /** Server to node: the answer to `register`. */
  registered: frame('registered', { server: z.string(), wire: z.int() }),
  /** Server to node: the answer to a `register` that cannot be served. */
  refused: frame('refused', { code: z.string(), message: z.string() }),
  /** Server to node: everything of this lane up to and including `sequence` is in the store. */
  applied: frame('applied', { stream: id, lane, sequence: z.int().min(0) }),
  /** Server to node: these are missing, send them again. */
  resend: frame('resend', { stream: id, lane, from: sequence, to: sequence }),
} as const;

export type FrameKind = keyof typeof frameSchemas;

export type Frame = { [K in FrameKind]: z.infer<(typeof frameSchemas)[K]> }[FrameKind];

export type FrameOf<K extends FrameKind> = Extract<Frame, { kind: K }>;
