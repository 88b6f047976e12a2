// The actors of the broker side under their supervisors, on a broker that is the test's.
import { describe, expect, test } from '@jest/globals';
import { settle } from '../actors/testing/world.ts';
import { failure, scene, useBrokerTreeStage } from './testing/broker-tree-stage.ts';

useBrokerTreeStage();

describe('connecting', () => {
  test('the side that consumes knocks only when the other publishes, so a broker that refuses is asked once', async () => {
    const { connectors, escalated, reports, until } = scene(({ publish }) => publish.failures.push(failure('broker_credentials')));
    await until('it has given up', () => escalated.length > 0);
    expect([escalated, connectors.publish.attempts, connectors.consume.attempts]).toEqual([['broker_credentials'], 1, 0]);
    expect(reports).toEqual([{ type: 'connecting', attempt: 1 }]);
  });

  test('a broker that is away is tried for as long as it takes, and no attempt is a crash', async () => {
    const away = Array.from({ length: 6 }, () => failure('broker_unreachable'));
    const { connectors, escalated, failed, isUp, reports } = scene(({ publish }) => publish.failures.push(...away));
    await isUp();
    expect(reports.filter(({ type }) => type === 'down')).toHaveLength(6);
    expect([connectors.consume.attempts, failed(), escalated]).toEqual([1, [], []]);
  }, 60_000);

  test('a virtual host that does not open is met twice in a row before it counts', async () => {
    const { escalated, isUp } = scene(({ publish }) =>
      publish.failures.push(failure('broker_vhost'), failure('broker_unreachable'), failure('broker_vhost')),
    );
    await isUp();
    expect(escalated).toEqual([]);
    const twice = scene(({ publish }) => publish.failures.push(failure('broker_vhost'), failure('broker_vhost')));
    await twice.until('it has given up', () => twice.escalated.length > 0);
    expect(twice.escalated).toEqual(['broker_vhost']);
  });
});

describe('a loss', () => {
  test('of the connection that is published on takes its channel with it, and consuming goes on', async () => {
    const { connectors, failed, isUp, restarts, until, ups, want } = scene();
    want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    connectors.publish.last.lose();
    await until('it publishes again', () => ups('publish') === 2);
    expect(failed()).toEqual(['publish/connection']);
    expect([restarts('publish/connection'), restarts('publish/publisher')]).toEqual([1, 1]);
    expect([restarts('consume/connection'), restarts('consume/consumers/consumer-1')]).toEqual([0, 0]);
  });

  test('of the connection that is consumed on begins its consumers anew, and publishing goes on', async () => {
    const { connectors, failed, isUp, restarts, send, until, want } = scene();
    want();
    await isUp();
    await until('it consumes', () => connectors.consume.last.consumers.length === 1);
    connectors.consume.last.lose();
    await until('it consumes again', () => connectors.consume.connections.length === 2 && connectors.consume.last.consumers.length === 1);
    expect(failed()).toEqual(['consume/connection']);
    expect([restarts('consume/connection'), restarts('consume/consumers/consumer-1'), restarts('publish/publisher')]).toEqual([1, 1, 0]);
    const sent = send('after');
    await settle();
    connectors.publish.last.publishers[0]!.flights[0]!.land('confirmed');
    expect(await sent).toBe('confirmed');
  });

  test('of a channel begins its actor anew on the same connection, and nobody else (row 6)', async () => {
    const { connectors, failed, isUp, restarts, until, ups, want } = scene();
    want();
    want(() => 'ack', 'other');
    await isUp();
    await until('both consume', () => connectors.consume.last.consumers.length === 2);
    connectors.consume.last.consumers[0]!.end();
    await until('the first consumes again', () => connectors.consume.last.consumers.length === 3);
    connectors.publish.last.publishers[0]!.ended(failure('transport_closed'));
    await until('it publishes again', () => ups('publish') === 2);
    expect(failed()).toEqual(['consume/consumers/consumer-1', 'publish/publisher']);
    expect([connectors.publish.attempts, connectors.consume.attempts]).toEqual([1, 1]);
    expect([restarts('consume/consumers/consumer-2'), restarts('publish/connection'), restarts('consume/connection')]).toEqual([0, 0, 0]);
    expect(connectors.consume.last.consumers[2]).toMatchObject({ queue: 'q', prefetch: 7 });
  });

  test('is never one too many, however often it comes (row 22)', async () => {
    const { connectors, escalated, isUp, restarts } = scene();
    for (let times = 1; times <= 7; times += 1) {
      await isUp(times);
      connectors.publish.last.lose();
      connectors.consume.last.lose();
    }
    await isUp(8);
    expect([escalated, restarts('publish/connection')]).toEqual([[], 7]);
  }, 60_000);

  test('of a channel to a topology that does not match goes up to the root at once', async () => {
    const { connectors, escalated, isUp, until } = scene();
    await isUp();
    connectors.publish.last.refusals.push(failure('topology_mismatch'));
    connectors.publish.last.publishers[0]!.ended(failure('transport_closed'));
    await until('it has given up', () => escalated.length > 0);
    expect(escalated).toEqual(['topology_mismatch']);
  });

  test('a defect is begun anew a few times only', async () => {
    const { connectors, escalated, failed, until } = scene(({ publish }) => {
      publish.open = () => {
        throw new Error('a defect');
      };
    });
    await until('it has given up', () => escalated.length > 0);
    expect(escalated).toEqual(['internal']);
    expect(failed().filter((path) => path === 'publish/connection').length).toBeGreaterThan(5);
    expect(connectors.consume.attempts).toBe(0);
  }, 60_000);
});

describe('an alarm', () => {
  test('ends with its connection, also with one that a defect ended', async () => {
    const { connectors, failed, isUp, reports, system, until, ups } = scene();
    await isUp();
    connectors.publish.last.listener.alarm('memory');
    await settle();
    system.tell(system.ref('node/broker/publish/connection'), { type: 'failed', error: new Error('a defect') });
    await until('it publishes again', () => ups('publish') === 2);
    expect(failed()).toEqual(['publish/connection']);
    const alarms = reports.flatMap((report) => (report.type === 'alarm' ? [report.reason] : []));
    expect(alarms.slice(alarms.indexOf('memory'))).toEqual(['memory', undefined]);
  });
});

describe('publishing', () => {
  test('without a channel a publish is `closed` at once, and never sent later', async () => {
    const { connectors, isUp, send } = scene(({ publish }) => publish.failures.push(failure('broker_unreachable')));
    expect(await send('early')).toBe('closed');
    await isUp();
    expect(connectors.publish.last.publishers[0]!.flights).toEqual([]);
  });
});
