import { expect, test } from '@jest/globals';
import type { ErrorCode } from '../protocol/errors.ts';
import type { TransportStatus } from '../transport/port.ts';
import { countStatuses } from './transport-counts.ts';

const connecting = { type: 'connecting', attempt: 1 } as const;
const connected = { type: 'connected', broker: 'b', product: 'embedded' } as const;
const disconnected = (code: ErrorCode) => ({ type: 'disconnected', code, reason: 'x', retryInMs: 1 }) as const;

const counted = (...statuses: readonly TransportStatus[]): readonly string[] => {
  const counts: string[] = [];
  const listeners: Array<(status: TransportStatus) => void> = [];
  countStatuses(
    { onStatus: (listener) => (listeners.push(listener), () => undefined) },
    { reconnected: (lost) => void counts.push(lost), settlementDropped: () => void counts.push('dropped') },
  );
  for (const status of statuses) for (const listener of listeners) listener(status);
  return counts;
};

test('the first connection is none that was made again, however long it took', () => {
  expect(counted(connecting, disconnected('broker_unreachable'), connecting, connected)).toEqual([]);
});

test('each one after it counts once, with the reason of the loss and not of the attempts between', () => {
  const again = [disconnected('transport_closed'), connecting, disconnected('broker_unreachable'), connecting, connected] as const;
  expect(counted(connecting, connected, ...again, ...again)).toEqual(['transport_closed', 'transport_closed']);
});

test('a broker that takes no publishes for a while is not lost', () => {
  expect(counted(connected, { type: 'blocked', reason: 'memory' }, { type: 'unblocked' }, connected)).toEqual([]);
});

test('each settlement that came too late counts', () => {
  const late = { type: 'settlementDropped', queue: 'q' } as const;
  expect(counted(connected, late, late)).toEqual(['dropped', 'dropped']);
});
