// What is remembered of the last converge over restarts, and what the server is told of one: the same members, and besides
// them what answers those who ask for it a second time.
import type { Json } from '../../../protocol/configuration.ts';
import { errors, type ErrorCode } from '../../../protocol/errors.ts';
import { eventSchemas } from '../../../protocol/events.ts';
import { requestSchemas } from '../../../protocol/local.ts';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import type { ConvergeReport } from './messages.ts';

const { at, done, failure, run } = eventSchemas.converge.shape;

/** How many converges that were asked for one run may stand for. */
export const mostIds = 64;

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errors, code);

const schema = eventSchemas.converge.pick({ run: true, trigger: true, outcome: true, done: true, total: true, step: true, failure: true }).extend({
  /** Whether scripts that had run before were to run again: one that was interrupted goes on so. */
  rerunScripts: requestSchemas.converge.shape.rerunScripts,
  /** Whether it took the projects as they lay in the home. */
  noSync: requestSchemas.converge.shape.noSync,
  /** Of all that were asked for and became this one. */
  ids: run.array().max(mostIds).default([]),
  /** Of the boot's: which one. */
  attempt: done.default(1),
  startedAt: at,
  endedAt: at.optional(),
  /** Of one that succeeded: what those who asked were told. */
  ran: done.optional(),
  skipped: done.optional(),
  passedOver: failure,
  durationMs: done.optional(),
  /** Of the failure. */
  code: eventSchemas.command.shape.code,
});

/** `startedAt` and `endedAt` by the wall clock. One that was interrupted stays `running` until it is taken up again. */
export type ConvergeRecord = ReturnType<typeof schema.parse>;

/** Undefined for what this program did not write. */
export const readRecord = (value: Json | undefined): ConvergeRecord | undefined => {
  const read = schema.safeParse(value);
  return read.success ? read.data : undefined;
};

/** Without the members that are undefined, which JSON does not have. */
export const recordJson = (record: ConvergeRecord): Json => JSON.parse(JSON.stringify(record)) as Json;

/** Whether the converge that is asked for under this id is that one. */
export const standsFor = ({ ids, run: name }: Pick<ConvergeRecord, 'ids' | 'run'>, id: string | undefined): boolean => id !== undefined && (id === name || ids.includes(id));

/** What they were told who waited for its end. What is missing, an earlier version of this program did not keep. */
export const answerOf = (record: ConvergeRecord): Result<ConvergeReport> => {
  const { code = '', endedAt = record.startedAt, failure: card, outcome, passedOver, run: name, startedAt } = record;
  if (outcome === 'failed') return fail(isErrorCode(code) ? code : 'script_failed', card?.summary ?? 'the converge failed');
  const { durationMs = Math.max(0, endedAt - startedAt), ran = 0, skipped = record.done } = record;
  return ok({ run: name, ran, skipped, ...(passedOver === undefined ? {} : { failed: passedOver }), durationMs });
};
