// Two servers on one prefix, each with a home of its own: the broker chooses one (single active consumer).
import { expect, test } from '@jest/globals';
import { apiClient } from '../../box/api-client.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { logsOf } from '../cluster/stored-events.ts';
import { told } from '../cluster/told.ts';
import { useProcesses } from './process-world.ts';

const world = useProcesses();

test('row 21: of two servers one is told everything while the other waits and says so; when the first is killed the other takes over, told what it never had; and nothing is stored twice', async () => {
  const cluster = world.plain();
  const first = await cluster.startServer('first');
  const firstApi = apiClient(cluster.url);
  await cluster.startNode('one');
  await cluster.inPhase('ready', 'one');
  const second = await cluster.startServer('second');
  const secondApi = apiClient(cluster.url);
  const storedBy = async (api: typeof firstApi): Promise<readonly string[]> => logsOf((await api.eventsAfter(0)).events);
  const log = async (message: string): Promise<void> => expect((await cluster.jetpack('one', ['log', message])).code).toBe(0);

  await waitFor('the second to say that it is not alone', () => second.stderr().includes('.events has another consumer'), 20_000);
  for (const message of ['a', 'b', 'c', 'd']) await log(message);
  await waitFor('the first to have what was told', async () => (await storedBy(firstApi)).join('') === 'abcd', 20_000);
  expect([(await secondApi.eventsAfter(0)).events, await secondApi.nodes()]).toEqual([[], []]);

  await first.kill();
  for (const message of ['e', 'f']) await log(message);
  await waitFor('the second to have what was told since', async () => (await storedBy(secondApi)).join('') === 'ef', 60_000);
  await cluster.inPhase('ready', 'one');
  expect(told(await cluster.events(), 'one', 'dropped')).not.toEqual([]);

  await cluster.startServer('first');
  const again = apiClient(cluster.url);
  await log('g');
  await waitFor('the second to have the last as well', async () => (await storedBy(secondApi)).join('') === 'efg', 20_000);
  expect(await storedBy(again)).toEqual(['a', 'b', 'c', 'd']);
}, 180_000);
