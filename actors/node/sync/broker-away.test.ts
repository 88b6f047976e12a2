import { expect, test } from '@jest/globals';
import type { TransportStatus } from '../../../transport/port.ts';
import { BrokerSilence, brokerTrouble } from './broker-away.ts';

const after = (...statuses: readonly TransportStatus[]): string | undefined => {
  const trouble = statuses.reduce<ReturnType<typeof brokerTrouble>>(brokerTrouble, undefined);
  return trouble && `${trouble.message} (${trouble.code})`;
};

const lost = { type: 'disconnected', code: 'broker_unreachable', reason: 'ECONNREFUSED', retryInMs: 1 } as const;
const there = { type: 'connected', broker: 'b', product: 'p' } as const;
const full = { type: 'blocked', reason: 'low on disk' } as const;

test.each<readonly [readonly TransportStatus[], string | undefined]>([
  [[], undefined],
  [[{ type: 'connecting', attempt: 1 }], undefined],
  [[lost], 'the broker is away: ECONNREFUSED (broker_unreachable)'],
  [[lost, { type: 'connecting', attempt: 2 }], 'the broker is away: ECONNREFUSED (broker_unreachable)'],
  [[lost, there], undefined],
  [[there, full], 'the broker takes no messages for now: low on disk (wait_unmet)'],
  [[there, full, { type: 'unblocked' }], undefined],
  [[there, { type: 'failed', code: 'broker_credentials', reason: 'refused' }], 'the broker is away: refused (broker_credentials)'],
])('after %j what keeps messages from the broker is: %s', (statuses, trouble) => {
  expect(after(...statuses)).toBe(trouble);
});

test('a broker is silent when a publish had no word of it for a second, however often it is asked again, until its next word', () => {
  const silence = new BrokerSilence();
  expect(silence.isLong(60_000)).toBe(false);
  silence.asked(60_000);
  silence.asked(60_900);
  expect([silence.isLong(60_999), silence.isLong(61_000)]).toEqual([false, true]);
  silence.heard();
  expect(silence.isLong(90_000)).toBe(false);
  silence.asked(90_000);
  expect([silence.isLong(90_999), silence.isLong(91_000)]).toEqual([false, true]);
});
