// An event as the log shows it: one line, a level, a priority.
import type { IncomingEntry } from '../../actors/server/ports.ts';
import { priorityOf, type JetpackEvent, type Level, type Priority } from '../../protocol/events.ts';
import { id as idSchema } from '../../protocol/identity.ts';
import { assertNever } from '../../protocol/result.ts';

export interface Description {
  readonly id: string | undefined;
  readonly kind: string;
  /** The node's wall clock; undefined when the event does not tell. */
  readonly at: number | undefined;
  readonly level: Level;
  readonly priority: Priority;
  readonly message: string;
  readonly problem: string | undefined;
}

const lineOf = (event: JetpackEvent): { readonly level: Level; readonly message: string } => {
  switch (event.kind) {
    case 'log':
      return { level: event.level, message: event.message };
    case 'node':
      return { level: 'info', message: `daemon started: version ${event.version}, pid ${event.pid}, instance ${event.instanceId}` };
    case 'phase':
      return { level: 'info', message: event.detail === undefined ? `phase ${event.phase}` : `phase ${event.phase}: ${event.detail}` };
    case 'undelivered':
      return { level: 'warn', message: `message ${event.messageId} to ${event.routingKey} was not delivered: ${event.reason}` };
    case 'dropped': {
      const { from, to, reason } = event;
      return { level: 'warn', message: from === to ? `event ${from} was dropped: ${reason}` : `events ${from} to ${to} were dropped: ${reason}` };
    }
    default:
      return assertNever(event);
  }
};

/** Of an event that cannot be read, what can be told without believing it. */
const unreadable = (raw: string, problem: string): Description => {
  const value: unknown = JSON.parse(raw);
  const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  const { id, kind, at } = fields;
  return {
    id: idSchema.safeParse(id).data,
    kind: typeof kind === 'string' ? kind.slice(0, 64) : 'unreadable',
    at: typeof at === 'number' && Number.isSafeInteger(at) ? at : undefined,
    level: 'warn',
    priority: 'medium',
    message: `an event that this server cannot read: ${problem}`,
    problem,
  };
};

export const describe = ({ event, raw }: IncomingEntry): Description => {
  if (!event.ok) return unreadable(raw, event.error.message);
  const { id, kind, at } = event.value;
  return { id, kind, at, ...lineOf(event.value), priority: priorityOf(event.value), problem: undefined };
};
