// Names in the spool. `<time>-<id>.json` holds one request and sorts by the time it was made, then by id; `.<pid>.<id>.tmp`
// is one that process is still writing.
import type { SpooledRequest } from '../../protocol/local.ts';

/** Digits of the time in milliseconds: enough until the year 33658. */
const timeDigits = 15;

export const requestName = ({ at, id }: SpooledRequest): string => `${String(at).padStart(timeDigits, '0')}-${id}.json`;

export const temporaryName = (pid: number, { id }: SpooledRequest): string => `.${pid}.${id}.tmp`;

/** The process that writes a temporary file; undefined for any other name. */
export const writerOf = (name: string): number | undefined => {
  const pid = /^\.(\d{1,10})\.[0-9a-f-]{36}\.tmp$/.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
};
