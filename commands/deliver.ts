// A message's way out of a command: silence when the daemon has it, a line when the spool has.
import type { SpooledRequest } from '../protocol/local.ts';
import { ok, type Result } from '../protocol/result.ts';
import type { Run, Said } from './command.ts';

export const deliver = async (request: Result<SpooledRequest>, { node }: Run): Promise<Result<Said>> => {
  if (!request.ok) return request;
  const delivered = await node.deliver(request.value);
  if (!delivered.ok) return delivered;
  return ok({ out: '', note: delivered.value.type === 'spooled' ? delivered.value.reason : undefined });
};
