// What a node reports: events. Each is encoded by itself and keeps its form from the node's outbox to the server's store.
// Within a major version fields are only added; a reader ignores fields it does not know. The descriptions are what
// docs/PROTOCOL.md prints.
import * as z from 'zod';
import { autoscaleTargets } from './autoscale.ts';
import { card } from './card.ts';
import { details } from './details.ts';
import { id } from './identity.ts';
import { traceContext } from './trace.ts';

export const levels = ['info', 'warn', 'error'] as const;
export const priorities = ['low', 'medium', 'high'] as const;
export const phases = ['starting', 'converging', 'ready', 'failed', 'stopping'] as const;
/** Reference, section 5.13, and `Unknown`: what watches it could not tell. */
export const conditionStatuses = ['OK', 'Warning', 'Error', 'NA', 'Unknown'] as const;
export const convergeTriggers = ['boot', 'command-line', 'server'] as const;
export const convergeOutcomes = ['running', 'succeeded', 'failed'] as const;
export const commandStates = ['accepted', 'done', 'failed', 'expired'] as const;
export const installationStatuses = ['success', 'warning', 'error'] as const;
export const shutdownCauses = ['requested', 'idle', 'unhealthy'] as const;
export const shutdownWays = ['terminate', 'deallocate'] as const;

export const level = z.enum(levels);
export const priority = z.enum(priorities);
export const phase = z.enum(phases);

export type Level = z.infer<typeof level>;
export type Priority = z.infer<typeof priority>;
export type Phase = z.infer<typeof phase>;
export type ConditionStatus = (typeof conditionStatuses)[number];
export type ConvergeTrigger = (typeof convergeTriggers)[number];
export type ConvergeOutcome = (typeof convergeOutcomes)[number];
export type CommandState = (typeof commandStates)[number];
export type InstallationStatus = (typeof installationStatuses)[number];
export type ShutdownCause = (typeof shutdownCauses)[number];
export type ShutdownWay = (typeof shutdownWays)[number];

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
  log: event('log', '`jetpack log MESSAGE`.', { level, priority, message: z.string(), details }),
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
  converge: event('converge', 'How far a converge is. Each event tells all of it, so that any of them may be missed.', {
    run: id.describe('one converge from its beginning to its outcome'),
    trigger: z.enum(convergeTriggers).describe('who asked for it'),
    outcome: z.enum(convergeOutcomes),
    done: z.int().min(0).describe('scripts that ended well or needed no run'),
    total: z.int().min(0).describe('scripts of all specs'),
    step: z.string().optional().describe('what runs now'),
    failure: card.optional().describe('why it failed'),
  }),
  condition: event('condition', 'What a health check found, whenever it differs from what it found before; or `jetpack condition set`.', {
    name: z.string().describe('of the check, or of what was set'),
    status: z.enum(conditionStatuses),
    message: z.string().optional().describe('one line for a person'),
    description: z.string().optional().describe('what is looked at'),
    details: z.string().optional().describe('the end of what the check wrote'),
    recommendation: z.string().optional(),
    actionType: z.string().optional().describe('what is to be done with it: `GHR`, a report of guest health to the cloud'),
    ghrCategory: z.string().optional().describe('of that report'),
  }),
  termination: event('termination', 'The node asks the server to end it, or takes that back.', {
    request: id.describe('the request: one from its making to its withdrawal'),
    state: z.enum(['requested', 'withdrawn']),
    check: z.string().describe('the health check that asks'),
    reason: z.string(),
  }),
  keepalive: event('keepalive', 'Whether terminations by the health check are held off.', {
    holds: z.boolean(),
    expiresAt: z.int().min(0).optional().describe("by the node's wall clock, milliseconds since the epoch; absent while it holds: forever"),
    reason: z.string().optional().describe('given by who asked for it'),
  }),
  shutdown: event('shutdown', '`jetpack shutdown`: the node asks the server to end it, or takes that back.', {
    request: id.describe('the request: one from its making to its withdrawal, in whichever words it was repeated'),
    state: z.enum(['requested', 'withdrawn']),
    cause: z.enum(shutdownCauses),
    way: z.enum(shutdownWays),
    reason: z.string().optional().describe('given by who asked for it, or why it is taken back'),
  }),
  autoscale: event('autoscale', '`jetpack autoscale`: how much the cluster is to have of its node arrays, for five minutes from `at`.', {
    targets: autoscaleTargets,
  }),
  installation: event('installation', 'How the installation of the node stands, and what its host is called now: `jetpack hostname-changed`, and installers.', {
    status: z.enum(installationStatuses),
    message: z.string().optional().describe('one line for a person'),
    hostname: z.string(),
    details,
  }),
  test: event('test', 'What a test on the node found, told over HTTP.', {
    level,
    name: z.string().optional(),
    message: z.string().optional().describe('one line for a person'),
    details,
  }),
  command: event('command', 'What became of a command of the server on this node.', {
    command: id,
    state: z.enum(commandStates),
    code: z.string().optional().describe('an error code, when it failed'),
    message: z.string().optional().describe('one line for a person'),
  }),
  property: event('property', '`jetpack props set`: a property that was set on the node, or taken back.', {
    key: z.string().describe('dotted'),
    value: z.string().optional().describe('absent: no longer set'),
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
    case 'converge':
      return event.outcome === 'running' ? 'low' : 'high';
    case 'autoscale':
      // It is worth nothing after minutes, and another one follows.
      return 'low';
    case 'property':
    case 'test':
      return 'medium';
    case 'node':
    case 'phase':
    case 'condition':
    case 'termination':
    case 'keepalive':
    case 'shutdown':
    case 'installation':
    case 'command':
    case 'undelivered':
    case 'dropped':
      return 'high';
  }
};
