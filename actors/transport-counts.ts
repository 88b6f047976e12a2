// Counts what happens to a transport: connections that were made again, with the reason why the one before was lost, and
// settlements that came too late. An attempt to connect that failed counts for nothing: the log tells of those.
import type { ErrorCode } from '../protocol/errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Transport } from '../transport/port.ts';

export const countStatuses = (transport: Pick<Transport, 'onStatus'>, metrics: Pick<Metrics, 'reconnected' | 'settlementDropped'>): void => {
  let up = false;
  let lost: ErrorCode | undefined;
  transport.onStatus((status) => {
    if (status.type === 'settlementDropped') metrics.settlementDropped();
    if (status.type === 'disconnected' && up) {
      up = false;
      lost = status.code;
    }
    if (status.type !== 'connected') return;
    if (lost !== undefined) metrics.reconnected(lost);
    up = true;
    lost = undefined;
  });
};
