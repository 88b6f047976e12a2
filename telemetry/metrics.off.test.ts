// Nothing is registered here: no SDK.
import { expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { createMetrics } from './metrics.ts';

test('without an SDK metrics look at nothing and put nothing around a handler', () => {
  const metrics = createMetrics(new ManualClock());
  const unread = (): never => {
    throw new Error('read');
  };
  const stop = metrics.observe({ mailboxes: unread, transport: unread, outbox: unread, eventLoop: unread });
  metrics.published('jetpack.reports', 1, undefined);
  metrics.processed('jetpack.reports', 1, undefined);
  metrics.restarted('threw', 'restart');
  metrics.synced('log', 1);
  metrics.reconnected('transport_closed');
  stop();
  expect(metrics.isExported).toBe(false);
  expect(metrics.timeMessages).toBeUndefined();
});
