// The protocol of the local sockets: one JSON object a line. The client writes its handshake and its request in one write;
// the daemon answers with one line a request. A line is at most `limits.line` bytes. The descriptions are what
// docs/PROTOCOL.md prints.
import * as z from 'zod';
import { autoscaleTargets } from './autoscale.ts';
import { details } from './details.ts';
import { installationStatuses, level, phase, priority, shutdownCauses, shutdownWays } from './events.ts';
import { hostName } from './host-name.ts';
import { id } from './identity.ts';
import { traceContext } from './trace.ts';

export const localVersion = 1;

/** First line of the client: the versions it speaks. Daemons answer a request or `handshake_unsupported`. */
export const hello = z.object({ jetpack: z.object({ min: z.int(), max: z.int() }) });

const request = <V extends string, S extends z.ZodRawShape>(verb: V, meaning: string, fields: S) =>
  z
    .object({
      verb: z.literal(verb),
      id: id.describe('minted by the caller: the same id again is the same message, however often it comes and whichever way'),
      trace: traceContext,
      remainingMs: z.int().min(0).optional().describe('remaining time the caller waits for, milliseconds'),
      ...fields,
    })
    .describe(meaning);

/** Those that somebody may set; `Unknown` is what a health check that could not tell has. */
const settableStatuses = ['OK', 'Warning', 'Error', 'NA'] as const;
const conditionActions = ['GHR'] as const;

const at = z.int().min(0).describe("the caller's wall clock, milliseconds since the epoch");

export const requestSchemas = {
  log: request('log', '`jetpack log`: answered when the event is durable in the outbox.', { at, level, priority, message: z.string(), details }),
  send: request('send', '`jetpack send`: answered when the message is durable in the outbox.', {
    at,
    routingKey: z.string(),
    contentType: z.string().max(255),
    bodyBase64: z.base64(),
    exchange: z.string().max(255).optional().describe("of the broker; absent: the user's, the only one that a node may send to"),
    headers: z.record(z.string(), z.string()).optional().describe('beside those that say who sent it, and in which trace'),
    persistent: z.boolean().optional().describe('whether the broker keeps it over its own restart; absent: it does'),
  }),
  condition: request('condition', '`jetpack condition set`: answered when the condition is durable in the state of the node.', {
    at,
    name: z.string().min(1).max(255),
    status: z.enum(settableStatuses),
    message: z.string().optional(),
    description: z.string().optional(),
    details: z.string().optional(),
    recommendation: z.string().optional(),
    actionType: z.enum(conditionActions).optional(),
    ghrCategory: z.string().min(1).max(255).optional(),
  }),
  autoscale: request('autoscale', '`jetpack autoscale`: answered when the event is durable in the outbox.', { at, targets: autoscaleTargets }),
  installation: request('installation', '`jetpack hostname-changed`, and installers: answered when the event is durable in the outbox; the facts of the node are then gathered anew.', {
    at,
    status: z.enum(installationStatuses),
    message: z.string().max(10_000).optional(),
    hostname: hostName.optional().describe('letters, digits, hyphens and underscores, in words of at most 63 joined by dots; absent: what the machine says'),
    details,
  }),
  test: request('test', 'What a test on the node found, told over HTTP: answered when the event is durable in the outbox.', {
    at,
    level,
    name: z.string().max(255).optional(),
    message: z.string().optional(),
    details,
  }),
  keepalive: request('keepalive', '`jetpack keepalive`: holds off terminations by the health check, shows or ends that.', {
    action: z.enum(['set', 'show', 'cancel']),
    durationMs: z.int().min(1_000).max(315_360_000_000).optional().describe('`set`: for so long, milliseconds, ten years at most; absent: forever'),
    reason: z.string().max(1_000).optional(),
  }),
  shutdown: request('shutdown', '`jetpack shutdown`: answered when the wish is durable. Served on the admin socket only.', {
    action: z.enum(['request', 'cancel']),
    cause: z.enum(shutdownCauses).optional().describe('`request`: why; absent: somebody asked'),
    way: z.enum(shutdownWays).optional().describe('`request`: absent: terminate'),
    reason: z.string().max(1_000).optional(),
  }),
  'run-on-shutdown': request('run-on-shutdown', '`jetpack run_on_shutdown`: answered when it is durable. Served on the admin socket only.', {
    action: z.enum(['add', 'list', 'remove']),
    path: z.string().min(1).max(4_096).optional().describe('`add` and `remove`: absolute'),
    arguments: z.array(z.string().max(4_096)).max(64).optional().describe('`add`'),
  }),
  property: request('property', '`jetpack props set`: answered when the property is durable. Served on the admin socket only.', {
    at,
    key: z.string().min(1).max(255),
    value: z.string().max(65_536).optional().describe('absent: no longer set'),
  }),
  explain: request('explain', '`jetpack config --explain`: which layers of the configuration have something under a key.', { key: z.string().max(4_096) }),
  watch: request('watch', '`jetpack config --watch`: a line of progress whenever config/node.json was written anew; answered when the daemon ends.', {}),
  converge: request('converge', '`jetpack converge`: answered when it has ended; progress comes before. Served on the admin socket only.', {
    plan: z.boolean().describe('say what would run, and run nothing'),
    rerunScripts: z.boolean().describe('also scripts that ended well before'),
    noSync: z.boolean().optional().describe('with the copies of the projects that the home has, and nothing from a locker'),
    debug: z.boolean().optional().describe('with more lines of progress: every step, and how each script is run and ends'),
    strace: z.boolean().optional().describe('with the system calls of each script in a file beside its log'),
  }),
  health: request('health', '`jetpack health`: what the health checks found; with `run`, after a round of them.', {
    run: z.boolean(),
  }),
  wait: request('wait', '`jetpack sync wait`: answered when so many nodes of a role are in a phase, or when the time is up.', {
    role: z.string().min(1).max(255),
    phase,
    count: z.int().min(1).max(1_000_000).optional().describe('so many at least; absent: every node of the role, and one at least'),
  }),
  status: request('status', '`jetpack status`: this node at a glance.', {}),
  inspect: request('inspect', "The daemon's actors: path, state, mailbox depth, restarts. Served on the admin socket only.", {}),
} as const;

export type Verb = keyof typeof requestSchemas;

export type LocalRequest = { [K in Verb]: z.infer<(typeof requestSchemas)[K]> }[Verb];

export type LocalRequestOf<K extends Verb> = Extract<LocalRequest, { verb: K }>;

/** Requests that survive the daemon's absence: the command line writes them to the spool, the daemon drains it. */
export type SpooledRequest = LocalRequestOf<'log' | 'send' | 'condition' | 'autoscale' | 'installation'>;

export const spooledRequest = z.discriminatedUnion('verb', [
  requestSchemas.log,
  requestSchemas.send,
  requestSchemas.condition,
  requestSchemas.autoscale,
  requestSchemas.installation,
]);

export const reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), id, result: z.unknown().optional() }),
  z.object({ ok: z.literal(false), id: id.optional(), code: z.string(), message: z.string() }),
]);

export type LocalReply = z.infer<typeof reply>;

/** Lines before the answer of a request that takes long: one line of text for a person each. */
export const progress = z.object({ id, progress: z.string() });

export type LocalProgress = z.infer<typeof progress>;

export const requestSchema = z.discriminatedUnion('verb', [
  requestSchemas.log,
  requestSchemas.send,
  requestSchemas.condition,
  requestSchemas.autoscale,
  requestSchemas.installation,
  requestSchemas.test,
  requestSchemas.keepalive,
  requestSchemas.shutdown,
  requestSchemas['run-on-shutdown'],
  requestSchemas.property,
  requestSchemas.explain,
  requestSchemas.watch,
  requestSchemas.converge,
  requestSchemas.health,
  requestSchemas.wait,
  requestSchemas.status,
  requestSchemas.inspect,
]);
