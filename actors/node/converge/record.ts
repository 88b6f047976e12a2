// What is remembered of the last converge over restarts, and what the server is told of one: the same members.
import type { Json } from '../../../protocol/configuration.ts';
import { eventSchemas } from '../../../protocol/events.ts';
import { requestSchemas } from '../../../protocol/local.ts';

const { at } = eventSchemas.converge.shape;

const schema = eventSchemas.converge.pick({ run: true, trigger: true, outcome: true, done: true, total: true, step: true, failure: true }).extend({
  /** Whether scripts that had run before were to run again: one that was interrupted goes on so. */
  rerunScripts: requestSchemas.converge.shape.rerunScripts,
  startedAt: at,
  endedAt: at.optional(),
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
