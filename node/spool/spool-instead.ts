// The spool in place of the daemon's outbox.
import type { Delivery } from '../../commands/host.ts';
import type { SpooledRequest } from '../../protocol/local.ts';
import { fail, ok, type Result } from '../../protocol/result.ts';
import type { HomePaths } from '../home/paths.ts';
import { writeSpool } from './write.ts';

/** `reason` completes "jetpackd …". Fails with `home_unusable` or `spool_unwritable`. */
export const spoolInstead = (paths: HomePaths, request: SpooledRequest, reason: string): Result<Delivery> => {
  const written = writeSpool(paths, request);
  if (written.ok) return ok({ type: 'spooled', reason: `jetpackd ${reason}: the message waits in ${paths.spool}` });
  return fail(written.error.code, `${written.error.message}, and jetpackd ${reason}`);
};
