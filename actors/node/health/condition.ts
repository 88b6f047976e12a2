// What a health check found, and what it asked for, as they are kept.
import type { Json, Tree } from '../../../protocol/configuration.ts';
import { conditionStatuses, type ConditionStatus } from '../../../protocol/events.ts';

export interface Condition {
  readonly status: ConditionStatus;
  readonly message?: string;
  readonly details?: string;
  readonly recommendation?: string;
  /** It has this status since then: wall clock, milliseconds. */
  readonly since: number;
  /** The check asks for the node's end, and that was not passed on. */
  readonly heldOff?: true;
}

export interface Termination {
  readonly request: string;
  readonly reason: string;
}

const isTree = (json: Json | undefined): json is Tree => typeof json === 'object' && json !== null && !Array.isArray(json);

/** What is found under a key was written by this program, or is as good as nothing. */
const recordOf = (json: Json | undefined): Tree | undefined => (isTree(json) ? json : undefined);

const text = (json: Json | undefined): string | undefined => (typeof json === 'string' ? json : undefined);

export const readCondition = (json: Json | undefined): Condition | undefined => {
  const record = recordOf(json);
  const status = conditionStatuses.find((known) => known === record?.['status']);
  if (record === undefined || status === undefined) return undefined;
  const [message, details, recommendation] = [text(record['message']), text(record['details']), text(record['recommendation'])];
  return {
    status,
    since: typeof record['since'] === 'number' ? record['since'] : 0,
    ...(message !== undefined && { message }),
    ...(details !== undefined && { details }),
    ...(recommendation !== undefined && { recommendation }),
    ...(record['heldOff'] === true && { heldOff: true }),
  };
};

export const readTermination = (json: Json | undefined): Termination | undefined => {
  const record = recordOf(json);
  const request = text(record?.['request']);
  return request === undefined ? undefined : { request, reason: text(record?.['reason']) ?? '' };
};

/** Times do not count, nor does what a check writes while all is well. */
export const saysTheSame = (a: Condition, b: Condition): boolean =>
  a.status === b.status && (a.status === 'OK' || (a.message === b.message && a.details === b.details && a.heldOff === b.heldOff));
