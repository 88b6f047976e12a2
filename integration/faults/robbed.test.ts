// Real programs under load that are robbed of what they declared on their broker.
import { expect, test } from '@jest/globals';
import { namesFor, nodeQueue } from '../../transport/topology.ts';
import { carriedOut } from '../cluster/commands.ts';
import { clusterName } from '../cluster/process-cluster.ts';
import { administer } from '../contract/amqp-world.ts';
import { settleMs, useProcessesOnNewest } from './process-world.ts';

const world = useProcessesOnNewest();

test("row 7: the reports' queue deleted under load, twice, with what is in it, loses nothing", async () => {
  const cluster = await world.begin(['one', 'two']);
  const { events } = namesFor(cluster.cluster.prefix);
  for (const nth of ['first', 'second']) {
    await cluster.storesMore(`before the ${nth} time`);
    await administer(world.broker().url(), async (model) => (await model.createChannel()).deleteQueue(events));
  }
  expect(await cluster.flaws()).toEqual([]);
}, 240_000);

test("row 7: a node's queue of commands deleted under it is there again, and a command reaches the node", async () => {
  const cluster = await world.begin(['one']);
  const queue = nodeQueue(cluster.cluster.prefix, { cluster: clusterName, node: 'one' });
  await administer(world.broker().url(), async (model) => (await model.createChannel()).deleteQueue(queue));
  expect(await carriedOut(cluster.cluster, { command: 'converge' })).toMatchObject([{ node: 'one', state: 'done' }]);
  expect(await cluster.flaws()).toEqual([]);
}, 240_000);

// The bindings of others go with an exchange, and nobody is told: they are declared again with the next connection of whose they are.
test.each(['reports', 'commands'] as const)('row 7: the exchange of the %s deleted under load costs nothing that was accepted, and all goes on with the next connections', async (which) => {
  const cluster = await world.begin(['one']);
  await cluster.storesMore('before');
  await administer(world.broker().url(), async (model) => (await model.createChannel()).deleteExchange(namesFor(cluster.cluster.prefix)[which]));
  await cluster.more('meanwhile');
  for (const wire of cluster.wires) wire.cut();
  expect(await cluster.flaws()).toEqual([]);
  expect(cluster.load.logs.filter(({ told }) => told === 'refused')).toEqual([]);
  expect(await carriedOut(cluster.cluster, { command: 'converge' })).toMatchObject([{ node: 'one', state: 'done' }]);
}, settleMs * 2);
