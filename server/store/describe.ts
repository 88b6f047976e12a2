// An event as the log shows it: one line, a level, a priority.
import type { IncomingEntry } from '../../actors/server/ports.ts';
import { priorityOf, type ConditionStatus, type EventOf, type InstallationStatus, type JetpackEvent, type Level, type Priority } from '../../protocol/events.ts';
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

interface Line {
  readonly level: Level;
  readonly message: string;
}

const levelOf: Readonly<Record<ConditionStatus, Level>> = { OK: 'info', NA: 'info', Warning: 'warn', Unknown: 'warn', Error: 'error' };

/** `what: why`, or `what` alone. */
const because = (what: string, why: string | undefined): string => (why === undefined || why === '' ? what : `${what}: ${why}`);

const convergeLine = ({ outcome, done, total, step, failure }: EventOf<'converge'>): Line => {
  switch (outcome) {
    case 'running':
      // The step that runs is the one after those that are done.
      if (step !== undefined) return { level: 'info', message: `converge ${Math.min(done + 1, total)} of ${total}: ${step}` };
      return { level: 'info', message: total === 0 ? 'converge begins' : `converge: ${done} of ${total} scripts are done` };
    case 'succeeded':
      return { level: 'info', message: `converge succeeded: ${total === 1 ? '1 script' : `${total} scripts`}` };
    case 'failed':
      return { level: 'error', message: because('converge failed', failure?.summary) };
  }
};

/** The largest time that a Date can tell. */
const endOfTime = 8.64e15;

const keepaliveLine = ({ holds, expiresAt, reason }: EventOf<'keepalive'>): Line => {
  const until = expiresAt === undefined || expiresAt > endOfTime ? 'forever' : `until ${new Date(expiresAt).toISOString()}`;
  return { level: 'info', message: holds ? because(`kept alive ${until}`, reason) : 'no longer kept alive' };
};

const shutdownLine = ({ state, cause, way, reason }: EventOf<'shutdown'>): Line => {
  if (state === 'withdrawn') return { level: 'info', message: because('shutdown withdrawn', reason) };
  const why = cause === 'requested' ? '' : ` (${cause})`;
  return { level: cause === 'unhealthy' ? 'error' : 'warn', message: because(`asks to be ${way}d${why}`, reason) };
};

/** Of so many arrays a line tells. */
const shownTargets = 10;

const autoscaleMessage = ({ targets }: EventOf<'autoscale'>): string => {
  if (targets.length === 0) return 'autoscale: nothing is asked for any more';
  const shown = targets.slice(0, shownTargets).map(({ coreCount, instanceCount, name = 'the cluster' }) => {
    const counts = [...(coreCount === undefined ? [] : [`${coreCount} cores`]), ...(instanceCount === undefined ? [] : [`${instanceCount} machines`])];
    return `${name} ${counts.join(', ')}`;
  });
  return `autoscale: ${shown.join('; ')}${targets.length > shownTargets ? `; and ${targets.length - shownTargets} more` : ''}`;
};

const installationLevel: Readonly<Record<InstallationStatus, Level>> = { success: 'info', warning: 'warn', error: 'error' };

const commandLine = ({ command, state, code, message }: EventOf<'command'>): Line => {
  const level = { accepted: 'info', done: 'info', expired: 'warn', failed: 'error' } as const;
  return { level: level[state], message: because(`command ${command} ${state}${code === undefined ? '' : ` (${code})`}`, message) };
};

const lineOf = (event: JetpackEvent): Line => {
  switch (event.kind) {
    case 'log':
      return { level: event.level, message: event.message };
    case 'node':
      return { level: 'info', message: `daemon started: version ${event.version}, pid ${event.pid}, instance ${event.instanceId}` };
    case 'phase':
      return { level: event.phase === 'failed' ? 'error' : 'info', message: because(`phase ${event.phase}`, event.detail) };
    case 'converge':
      return convergeLine(event);
    case 'condition':
      return { level: levelOf[event.status], message: because(`check ${event.name} is ${event.status}`, event.message) };
    case 'termination':
      return event.state === 'requested'
        ? { level: 'error', message: `would terminate: ${event.check}: ${event.reason}` }
        : { level: 'info', message: `termination withdrawn: ${event.check}: ${event.reason}` };
    case 'keepalive':
      return keepaliveLine(event);
    case 'shutdown':
      return shutdownLine(event);
    case 'autoscale':
      return { level: 'info', message: autoscaleMessage(event) };
    case 'installation':
      return { level: installationLevel[event.status], message: because(`installation ${event.status}, host ${event.hostname}`, event.message) };
    case 'test':
      return { level: event.level, message: because(event.name === undefined ? 'test' : `test ${event.name}`, event.message) };
    case 'command':
      return commandLine(event);
    case 'property':
      return { level: 'info', message: event.value === undefined ? `property ${event.key} is no longer set` : `property ${event.key} is ${event.value.slice(0, 1_000)}` };
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
