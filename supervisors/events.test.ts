import { describe, expect, test } from '@jest/globals';
import { BrokerTrouble } from '../actors/broker/trouble.ts';
import type { Logger } from '../effects/logger.ts';
import { logEvent, type SupervisionEvent } from './events.ts';

/** Lines as they are logged, each with its level and its fields. */
const logged = (event: SupervisionEvent): readonly unknown[] => {
  const lines: unknown[] = [];
  const at = (level: string) => (line: string, fields?: object) => void lines.push([level, line, fields]);
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => logger };
  logEvent(logger, event);
  return lines;
};

const failed = (error: unknown): SupervisionEvent => ({ type: 'failed', path: 'node/broker/publish/connection', reason: 'threw', consequence: 'restart', error });
const loss = { code: 'broker_unreachable', message: 'amqp://b/: Heartbeat timeout' } as const;
const fields = { path: 'node/broker/publish/connection', reason: 'threw', directive: 'restart' };

describe('a failure in the log', () => {
  test('is an error with all that is known of it', () => {
    const error = new Error('a defect');
    expect(logged(failed(error))).toEqual([['error', 'node/broker/publish/connection failed (threw): restart', { ...fields, err: error }]]);
  });

  test('is a warning with its reason and without a stack when the broker was lost, which is expected', () => {
    expect(logged(failed(new BrokerTrouble(loss, false)))).toEqual([
      ['warn', 'node/broker/publish/connection ended: amqp://b/: Heartbeat timeout', { ...fields, code: 'broker_unreachable' }],
    ]);
  });

  test('is an error when the broker refuses for good', () => {
    expect(logged(failed(new BrokerTrouble(loss, true)))).toMatchObject([['error', expect.any(String), { err: { message: loss.message } }]]);
  });
});
