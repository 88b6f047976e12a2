// Names in the spool. `<time>-<id>.<bytes>.json` holds one request and sorts by the time it was made, then by id; its size stands in
// its name, for whoever adds one counts what is there already, and to look at ten thousand files takes a quarter of a second.
// `.<pid>.<id>.tmp` is one that process is still writing.
import type { SpooledRequest } from '../../protocol/local.ts';

/** Digits of the time in milliseconds: enough until the year 33658. */
const timeDigits = 15;

export const requestName = ({ at, id }: SpooledRequest, bytes: number): string => `${String(at).padStart(timeDigits, '0')}-${id}.${bytes}.json`;

const sized = /^\d{15}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.([1-9]\d{0,7})\.json$/;

/** Undefined for a name that does not say it. Whoever may add to the spool may say what is not so. */
export const bytesOf = (name: string): number | undefined => {
  const bytes = sized.exec(name)?.[1];
  return bytes === undefined ? undefined : Number(bytes);
};

export const temporaryName = (pid: number, { id }: SpooledRequest): string => `.${pid}.${id}.tmp`;

/** The process that writes a temporary file; undefined for any other name. */
export const writerOf = (name: string): number | undefined => {
  const pid = /^\.(\d{1,10})\.[0-9a-f-]{36}\.tmp$/.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
};
