// The one suite on a real broker that `npm test` runs too, where a broker is at hand: server and nodes in this process.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestCluster } from '../box/testing/cluster.ts';
import { systemClock } from '../effects/clock.ts';
import { systemRandom } from '../effects/random.ts';
import { waitFor } from '../effects/testing/wait-for.ts';
import type { ActorSystem } from '../actors/system.ts';
import { connectAmqp } from '../supervisors/amqp-transport.ts';
import type { Topology } from '../transport/topology.ts';
import { brokerUrl, type UsedBroker } from './broker/find.ts';
import { removeTopologies } from './contract/amqp-world.ts';

let broker: UsedBroker | undefined;
let cluster: TestCluster | undefined;
/** The broker may be one that others use as well: nothing of this is left on it. */
const declared: Topology[] = [];

beforeAll(async () => {
  const found = await brokerUrl();
  if (found.url === undefined) throw new Error(`no broker to test against: ${found.reason}`);
  broker = found;
}, 120_000);

afterAll(async () => {
  await cluster?.stop();
  if (broker !== undefined) await removeTopologies(broker.url, declared);
  await broker?.dispose();
});

test('on a real broker two nodes become ready, and what they report is stored once and in order', async () => {
  const url = broker!.url;
  const open = (name: string, topology: Topology, system: ActorSystem) => {
    declared.push(topology);
    return connectAmqp({ name, topology, urls: [url], clock: systemClock, random: systemRandom }, system);
  };
  cluster = await TestCluster.start({ nodes: 2, prefix: `smoke-${randomBytes(6).toString('hex')}`, open });
  const messages = Array.from({ length: 20 }, (_, index) => `message ${index}`);
  for (const message of messages) {
    for (const node of [0, 1]) expect(await cluster.log(node, message)).toMatchObject({ ok: true });
  }
  await waitFor('everything in the store', async () => (await cluster!.messages()).length >= 40);
  for (const node of [0, 1]) expect(await cluster.messages(node)).toEqual(messages);
  await waitFor('both nodes ready', async () => (await cluster!.events()).filter(({ message }) => message.startsWith('phase ready')).length === 2);
}, 30_000);
