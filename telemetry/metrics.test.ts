import { describe, expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { metrics as table } from './metric-table.ts';
import { createMetrics } from './metrics.ts';
import { recordMetrics, type Point } from './testing/recorded-metrics.ts';

const collect = recordMetrics();
const clock = new ManualClock();
const metrics = createMetrics(clock);

const pointsOf = async (name: keyof typeof table): Promise<readonly Point[]> =>
  ((await collect()).get(name)?.points ?? []).map(({ attributes, value }) => ({ attributes, value }));

describe('a publish', () => {
  test('is counted with its exchange and its error, timed in seconds, and counted again when it was returned', async () => {
    metrics.published('jetpack.reports', 20, undefined);
    metrics.published('jetpack.user', 30, 'unroutable');
    const publish = { 'messaging.system': 'rabbitmq', 'messaging.operation.name': 'publish' };
    const reports = { ...publish, 'messaging.destination.template': 'jetpack.reports' };
    const user = { ...publish, 'messaging.destination.template': 'jetpack.user', 'error.type': 'unroutable' };
    expect(await pointsOf('messaging.client.sent.messages')).toEqual([{ attributes: reports, value: 1 }, { attributes: user, value: 1 }]);
    expect(await pointsOf('messaging.client.operation.duration')).toEqual([
      { attributes: { ...reports, 'messaging.operation.type': 'send' }, value: { count: 1, sum: 0.02 } },
      { attributes: { ...user, 'messaging.operation.type': 'send' }, value: { count: 1, sum: 0.03 } },
    ]);
    expect(await pointsOf('jetpack.transport.returned')).toEqual([{ attributes: { 'messaging.destination.template': 'jetpack.user' }, value: 1 }]);
  });
});

describe('a delivery', () => {
  test('is counted with its queue, and timed', async () => {
    metrics.processed('jetpack.node.{cluster}.{node}', 5, undefined);
    const attributes = {
      'messaging.system': 'rabbitmq',
      'messaging.operation.name': 'process',
      'messaging.destination.template': 'jetpack.node.{cluster}.{node}',
    };
    expect(await pointsOf('messaging.client.consumed.messages')).toEqual([{ attributes, value: 1 }]);
    expect(await pointsOf('messaging.process.duration')).toEqual([{ attributes, value: { count: 1, sum: 0.005 } }]);
  });
});

describe('an actor', () => {
  const timeOf = async (path: string): Promise<Point['value'] | undefined> =>
    (await pointsOf('jetpack.actor.message.duration')).find(({ attributes }) => attributes['jetpack.actor.path'] === path)?.value;

  test('is timed for each message, and its result is its own', async () => {
    const result = metrics.timeMessages?.({ path: 'node/sync' }, () => {
      void clock.advance(3);
      return 'state';
    });
    expect(result).toBe('state');
    expect(await timeOf('node/sync')).toEqual({ count: 1, sum: 0.003 });
  });

  test('is timed until its promise ends, also when it fails', async () => {
    const gate = Promise.withResolvers<void>();
    const handled = metrics.timeMessages?.({ path: 'node/slow' }, () => gate.promise);
    await clock.advance(250);
    gate.reject(new Error('crash'));
    await expect(handled).rejects.toThrow('crash');
    expect(await timeOf('node/slow')).toEqual({ count: 1, sum: 0.25 });
  });

  test('is timed when it crashes, and crashes all the same', async () => {
    expect(() => metrics.timeMessages?.({ path: 'node/bad' }, () => { throw new Error('crash'); })).toThrow('crash');
    expect(await timeOf('node/bad')).toMatchObject({ count: 1 });
  });
});

describe('what is looked at', () => {
  test('is read at every export, added up over a process, and forgotten when its owner says so', async () => {
    const first = { rows: 2, bytes: 200 };
    const forgetFirst = metrics.observe({
      mailboxes: () => [{ path: 'node/sync', mailbox: 3 }],
      transport: () => ({ state: 'connected', inFlight: 4 }),
      outbox: () => first,
    });
    const forgetSecond = metrics.observe({
      mailboxes: () => [{ path: 'node/sync', mailbox: 1 }, { path: 'node/messaging', mailbox: 0 }],
      transport: () => ({ state: 'connecting', inFlight: 0 }),
      outbox: () => ({ rows: 1, bytes: 50 }),
    });
    const state = (name: string, value: number): Point => ({ attributes: { 'jetpack.transport.state': name }, value });
    expect(await pointsOf('jetpack.actor.mailbox.depth')).toEqual([
      { attributes: { 'jetpack.actor.path': 'node/sync' }, value: 4 },
      { attributes: { 'jetpack.actor.path': 'node/messaging' }, value: 0 },
    ]);
    expect(await pointsOf('jetpack.transport.connection.state')).toEqual([
      state('connecting', 1),
      state('connected', 1),
      state('blocked', 0),
      state('failed', 0),
      state('closed', 0),
    ]);
    expect(await pointsOf('jetpack.transport.inflight_confirms')).toEqual([{ attributes: {}, value: 4 }]);
    expect(await pointsOf('jetpack.outbox.bytes')).toEqual([{ attributes: {}, value: 250 }]);
    first.rows = 7;
    expect(await pointsOf('jetpack.outbox.rows')).toEqual([{ attributes: {}, value: 8 }]);
    forgetFirst();
    expect(await pointsOf('jetpack.outbox.rows')).toEqual([{ attributes: {}, value: 1 }]);
    forgetSecond();
    const again = metrics.observe({ outbox: () => ({ rows: 5, bytes: 5 }) });
    expect(await pointsOf('jetpack.outbox.rows')).toEqual([{ attributes: {}, value: 5 }]);
    again();
  });

  test.each(['connecting', 'connected', 'blocked', 'failed', 'closed'] as const)('a transport that is %s counts in that state and in no other', async (state) => {
    const forget = metrics.observe({ transport: () => ({ state, inFlight: 0 }) });
    const counted = (await pointsOf('jetpack.transport.connection.state')).filter(({ value }) => value !== 0);
    expect(counted).toEqual([{ attributes: { 'jetpack.transport.state': state }, value: 1 }]);
    forget();
  });
});

test('restarts and lag are counted with their reasons and kinds; a clock that is ahead counts as no lag', async () => {
  metrics.restarted('hung', 'restart');
  metrics.synced('log', 1500);
  metrics.synced('log', -20);
  expect(await pointsOf('jetpack.supervisor.restarts')).toEqual([
    { attributes: { 'jetpack.supervisor.reason': 'hung', 'jetpack.supervisor.directive': 'restart' }, value: 1 },
  ]);
  expect(await pointsOf('jetpack.sync.lag')).toEqual([{ attributes: { 'jetpack.event.kind': 'log' }, value: { count: 2, sum: 1.5 } }]);
});

test('a connection that was made again counts with the reason of the loss, and the delay of the loop is what was measured', async () => {
  metrics.reconnected('broker_unreachable');
  metrics.reconnected('broker_unreachable');
  expect(await pointsOf('jetpack.transport.reconnects')).toEqual([{ attributes: { 'error.type': 'broker_unreachable' }, value: 2 }]);
  const stop = metrics.observe({ eventLoop: () => ({ p50: 0.001, p99: 0.02, max: 0.3 }) });
  for (const [quantile, value] of [['p50', 0.001], ['p99', 0.02], ['max', 0.3]] as const) {
    expect(await pointsOf(`nodejs.eventloop.delay.${quantile}`)).toEqual([{ attributes: {}, value }]);
  }
  stop();
});

test('the metrics that exist are those of the table: names, types, units, meanings, buckets and attributes', async () => {
  const stop = metrics.observe({
    mailboxes: () => [{ path: 'node/sync', mailbox: 0 }],
    transport: () => ({ state: 'connected', inFlight: 0 }),
    outbox: () => ({ rows: 0, bytes: 0 }),
    eventLoop: () => ({ p50: 0, p99: 0, max: 0 }),
  });
  metrics.published('jetpack.user', 1, 'unroutable');
  metrics.processed('jetpack.reports', 1, 'frame_corrupt');
  metrics.synced('log', 1);
  metrics.restarted('threw', 'restart');
  metrics.reconnected('transport_closed');
  metrics.settlementDropped();
  metrics.identityRefused();
  metrics.timeMessages?.({ path: 'node/sync' }, () => undefined);
  const exported = Object.fromEntries(
    [...(await collect())].map(([name, { points, ...described }]) => [
      name,
      { ...described, attributes: [...new Set(points.flatMap(({ attributes }) => Object.keys(attributes)))].sort() },
    ]),
  );
  const wanted = Object.fromEntries(
    Object.entries(table).map(([name, { attributes, from: _from, ...described }]) => [name, { buckets: undefined, ...described, attributes: [...attributes].sort() }]),
  );
  expect(exported).toEqual(wanted);
  stop();
});
