// Real programs under load whose broker is away for long, or in alarm.
import { expect, test } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
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

test.each(alarms)('row 12: an alarm for $what under load holds up the store and not the clients, and loses nothing', async ({ begin, end }) => {
  const cluster = await world.begin(['one', 'two']);
  await cluster.storesMore('before the alarm');
  await world.broker().ctl(...begin);
  try {
    await cluster.more('under the alarm', 200);
  } finally {
    await world.broker().ctl(...end);
  }
  expect(await cluster.flaws()).toEqual([]);
  expect(cluster.load.logs.filter(({ told }) => told === 'refused')).toEqual([]);
}, 240_000);
