// What crosses the wire: frames. A frame is one AMQP message, JSON in UTF-8, and says its version and kind first. The
// descriptions are what docs/PROTOCOL.md prints.
import * as z from 'zod';
import { configuration } from './configuration.ts';
import { sequence } from './events.ts';
import { id, nodeAddress } from './identity.ts';
import { traceContext } from './trace.ts';

/** The major version of the wire. Registration negotiates within what both sides speak. */
export const wireVersion = 1;

const lane = z.string().regex(/^[a-z]{1,16}$/, 'a lane is one to sixteen lower-case letters');
const stream = id.describe("an outbox's stream, minted whenever its file is opened");

const revision = z.int().min(0).describe('revision of the configuration the node has; absent: none');

export const commandNames = ['check', 'converge', 'set', 'end'] as const;

export type CommandName = (typeof commandNames)[number];

const frame = <K extends string, S extends z.ZodRawShape>(kind: K, meaning: string, body: S) =>
  z
    .object({
      v: z.literal(wireVersion),
      kind: z.literal(kind),
      id,
      sentAt: z.int().min(0).describe("the sender's wall clock, milliseconds since the epoch: for people, never for a deadline"),
      trace: traceContext,
      remainingMs: z.int().min(0).optional().describe('remaining time for an answer, milliseconds; absent: no deadline'),
      correlationId: id.optional().describe('the frame that this one answers'),
      from: nodeAddress.optional().describe('the sender, when it is a node'),
      body: z.object(body),
    })
    .describe(meaning);

export const frameSchemas = {
  events: frame('events', 'Node to server: events of one lane, in order of sequence. Each event is decoded by itself.', {
    stream,
    lane,
    after: z
      .object({ stream: id, sequence: z.int().min(0) })
      .optional()
      .describe('the stream that this outbox wrote before: its events up to this sequence come first'),
    entries: z.array(z.object({ sequence, event: z.unknown() })),
  }),
  register: frame('register', 'Node to server: may I speak, and in which version? Asked again until answered.', {
    instanceId: z.string().describe("the cloud's name for the machine"),
    hostname: z.string(),
    version: z.string().describe('of jetpackd'),
    wire: z.object({ min: z.int(), max: z.int() }).describe('the wire versions the node speaks'),
    configuration: revision.optional(),
    phase: z.string().optional().describe('where the node stands; absent: it does not say'),
  }),
  heartbeat: frame('heartbeat', 'Node to server: alive, and again in `everyMs`. Transient.', {
    everyMs: z.int().min(1),
    phase: z.string(),
    uptimeMs: z.int().min(0),
    outbox: z.int().min(0).describe('rows that wait in the outbox'),
    configuration: revision.optional(),
  }),
  watch: frame('watch', 'Node to server: tell me when so many nodes of a role are in a phase. Asked again while it matters. Transient.', {
    watch: id.describe('one wait; the same id again renews it'),
    role: z.string().max(255),
    phase: z.string().max(64),
    count: z.int().min(1).optional().describe('so many at least; absent: every node of the role, and one at least'),
    leaseMs: z.int().min(0).max(600_000).describe('the server forgets it after so long; 0: at once'),
  }),
  registered: frame('registered', 'Server to node: the answer to `register`.', {
    server: z.string().describe("the server's name"),
    wire: z.int().describe('the version to speak from now on'),
    tellAll: z.boolean().optional().describe('the server knows nothing of the node: it is to tell all that stands'),
  }),
  refused: frame('refused', 'Server to node: the answer to a `register` that cannot be served.', {
    code: z.string().describe('an error code'),
    message: z.string(),
  }),
  configuration: frame('configuration', "Server to node: the node's configuration. Sent at registration, and when a node names another revision.", {
    ...configuration.shape,
  }),
  command: frame('command', 'Server to node: do this. Sent again until the node has accepted it, which its `command` events tell.', {
    command: id.describe('the same id again is the same command'),
    name: z.enum(commandNames),
    rerunScripts: z.boolean().optional().describe('`converge`: also scripts that ended well before'),
    key: z.string().optional().describe('`set`: the setting, dotted'),
    configuration: configuration.optional().describe("`set`: the node's whole configuration with the setting in it, so that an older one never undoes a newer one"),
  }),
  watched: frame('watched', 'Server to node: how the nodes that a `watch` names stand; at its beginning, and when that changes.', {
    watch: id,
    met: z.boolean(),
    nodes: z.array(z.object({ node: z.string(), phase: z.string() })).max(1_000).describe('nodes of the role'),
  }),
  applied: frame('applied', 'Server to node: everything of this lane up to and including `sequence` is in the store.', {
    stream,
    lane,
    sequence: z.int().min(0),
  }),
  resend: frame('resend', 'Server to node: these are missing, send them again.', { stream, lane, from: sequence, to: sequence }),
} as const;

export type FrameKind = keyof typeof frameSchemas;

export type Frame = { [K in FrameKind]: z.infer<(typeof frameSchemas)[K]> }[FrameKind];

export type FrameOf<K extends FrameKind> = Extract<Frame, { kind: K }>;
