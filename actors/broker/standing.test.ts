import { describe, expect, test } from '@jest/globals';
import type { TransportStatus } from '../../transport/port.ts';
import type { BrokerReport, Side } from './ports.ts';
import { Standing } from './standing.ts';

const scene = () => {
  const told: string[] = [];
  const calls: string[] = [];
  const standing = new Standing({
    tell: (status: TransportStatus) => void told.push(status.type === 'connecting' ? `connecting ${status.attempt}` : status.type),
    unanswered: () => void calls.push('unanswered'),
    alarmed: (alarm) => void calls.push(alarm ? 'held' : 'free'),
  });
  const take = (...reports: readonly BrokerReport[]): void => {
    for (const report of reports) standing.take(report);
  };
  return { calls, take, told };
};

const connecting = (attempt: number): BrokerReport => ({ type: 'connecting', attempt });
const up = (side: Side): BrokerReport => ({ type: 'up', side, broker: 'amqp://b/', product: 'RabbitMQ 4.0.5' });
const down = (side: Side, wholly = true): BrokerReport => ({
  type: 'down',
  side,
  wholly,
  failure: { code: 'broker_unreachable', message: 'lost' },
  retryInMs: 5,
});
const alarm = (reason: string | undefined): BrokerReport => ({ type: 'alarm', reason });

describe('how the broker side stands', () => {
  test('it is connected when both sides are, and a loss of both is told once', () => {
    const { calls, take, told } = scene();
    take(connecting(1), connecting(1), up('publish'));
    expect(told).toEqual(['connecting 1']);
    take(connecting(1), up('consume'));
    take(down('publish'), down('consume'), connecting(1), up('publish'), up('consume'));
    expect(told).toEqual(['connecting 1', 'connected', 'disconnected', 'connecting 1', 'connected']);
    expect(calls).toEqual(['unanswered']);
  });

  test('the loss of the consuming side alone leaves publishes under way to their answers', () => {
    const { calls, take, told } = scene();
    take(connecting(1), up('publish'), up('consume'), down('consume'), connecting(1), up('consume'));
    expect(told).toEqual(['connecting 1', 'connected', 'disconnected', 'connecting 1', 'connected']);
    expect(calls).toEqual([]);
  });

  test('an alarm holds over a new channel on the same connection, and ends with the connection', () => {
    const { calls, take, told } = scene();
    take(connecting(1), up('publish'), up('consume'), alarm('memory'), alarm('memory'));
    take(down('publish', false), connecting(1), up('publish'), down('publish'), connecting(1), up('publish'));
    expect(told.slice(2)).toEqual(['blocked', 'disconnected', 'connecting 1', 'connected', 'blocked', 'disconnected', 'connecting 1', 'connected']);
    expect(calls).toEqual(['held', 'unanswered', 'unanswered', 'free']);
  });

  test('the end of an alarm is told only while connected', () => {
    const { take, told } = scene();
    take(connecting(1), up('publish'), up('consume'), alarm('disk'), down('publish', false), alarm(undefined), connecting(1), up('publish'));
    expect(told.slice(2)).toEqual(['blocked', 'disconnected', 'connecting 1', 'connected']);
  });
});
