// The server's configuration as the node keeps it over restarts.
import type { Logger } from '../../../effects/logger.ts';
import { configuration, type Configuration } from '../../../protocol/configuration.ts';
import type { NodeState } from '../state.ts';

export const keptKey = 'configuration';

/** Undefined when there is none, or none that can be read: the server sends it again. */
export const readKept = ({ logger, state }: { readonly logger: Logger; readonly state: NodeState }): Configuration | undefined => {
  const kept = state.get(keptKey);
  if (kept === undefined) return undefined;
  const read = configuration.safeParse(kept);
  if (read.success) return read.data;
  logger.error('the configuration that was kept cannot be read: the server sends it again', { code: 'state_unwritable' });
  return undefined;
};
