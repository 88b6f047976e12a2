// Real programs under load whose broker is away for long, or in alarm.
import { expect, test } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { serverTopology } from '../../transport/topology.ts';
import { alarms } from './alarms.ts';
import { settleMs, useProcessesAndBroker } from './process-world.ts';

const world = useProcessesAndBroker();

test('row 5: a broker that is stopped for 60 seconds under load costs no message and doubles none, and no client is refused', async () => {
  const cluster = await world.begin(['one', 'two']);
  await cluster.storesMore('before the stop');
  await world.broker().stop();
  const away = performance.now();
  await waitFor('a minute to pass', () => performance.now() - away > 60_000, 70_000);
  await world.broker().start();
  await cluster.storesMore('after the start');
  expect(await cluster.flaws()).toEqual([]);
  expect(cluster.load.logs.filter(({ told }) => told === 'refused')).toEqual([]);
}, 300_000);

test('row 5: a broker that is stopped and started, then killed and started, under load, costs no message and doubles none, and the server says how it stands', async () => {
  const cluster = await world.begin(['one', 'two']);
  const health = async (): Promise<number> => (await fetch(new URL('/healthz', cluster.cluster.url))).status;
  await cluster.storesMore('with a broker');
  await world.broker().stop();
  await cluster.more('without a broker');
  await waitFor('a server that says so', async () => (await health()) === 503, settleMs);
  await world.broker().start();
  await waitFor('a server that is well', async () => (await health()) === 200, settleMs);
  await cluster.more('with the broker back');
  await world.broker().kill();
  await cluster.more('after its kill');
  await world.broker().start();
  expect(await cluster.flaws()).toEqual([]);
  // On a busy machine a daemon may be slower than the patience of a command line, which then has the spool.
  expect(cluster.load.logs.filter(({ told }) => told === 'refused')).toEqual([]);
}, 300_000);

// One cluster for both alarms: what begins and ends them is a program of its own each time, which takes seconds.
test('row 12: an alarm for memory and then one for disk, under load, hold up what nodes tell and not the clients; what had reached the broker before is stored meanwhile, and nothing is lost', async () => {
  const cluster = await world.begin(['one', 'two']);
  const broker = world.broker();
  const [reports] = serverTopology(cluster.cluster.prefix).queues;
  const sayBlocked = async (...nodes: readonly string[]): Promise<boolean> => {
    const told = await Promise.all(nodes.map((node) => cluster.cluster.jetpack(node, ['status', '--output', 'json'])));
    return told.every(({ stdout }) => stdout.includes('"broker": "blocked"'));
  };
  /** Nothing waits in the queue of reports, and nothing is out that the server has not acknowledged. */
  const isSettled = async (): Promise<boolean> => (await broker.ctl('list_queues', 'name', 'messages')).split('\n').includes(`${reports?.name}\t0`);
  for (const { begin, end, what } of alarms) {
    cluster.server.wire.stall();
    await cluster.more('of which the server does not hear');
    await broker.ctl(...begin);
    try {
      await waitFor('nodes that say so', () => sayBlocked('one', 'two'), settleMs);
      cluster.server.wire.apply({ type: 'pass' });
      await cluster.storesMore(`that had come before the alarm for ${what}`);
      await waitFor('every one of them acknowledged', isSettled, settleMs);
      const stored = await cluster.stored();
      await cluster.more(`under the alarm for ${what}`);
      expect(await cluster.stored()).toBe(stored);
      expect(await sayBlocked('one', 'two')).toBe(true);
    } finally {
      await broker.ctl(...end);
    }
    await cluster.storesMore(`after the alarm for ${what}`);
  }
  expect(await cluster.flaws()).toEqual([]);
  expect(cluster.load.logs.filter(({ told }) => told === 'refused')).toEqual([]);
}, 240_000);
