// Real programs under load whose wires to the broker go wrong.
import { expect, test } from '@jest/globals';
import { seededRandom } from '../../effects/random.ts';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { anywhere } from '../broker/tcp-proxy.ts';
import { settleMs, useProcesses } from './process-world.ts';

const world = useProcesses();

test.each([
  { how: 'reset', type: 'reset' },
  { how: 'ended in the middle of a frame', type: 'truncate' },
] as const)('row 3: every wire $how at random bytes, twice under load: what is accepted is stored once and in order', async ({ type }) => {
  const cluster = await world.begin(['one', 'two']);
  for (const seed of [1, 2]) {
    const random = seededRandom(seed);
    await cluster.storesMore('over whole wires');
    const before = cluster.wires.map(({ counts }) => counts.taken);
    for (const wire of cluster.wires) wire.apply({ type, at: anywhere(random, 5_000) });
    await waitFor('every wire to have broken and been replaced', () => cluster.wires.every(({ counts }, index) => counts.taken > (before[index] ?? 0)), settleMs);
  }
  expect(await cluster.flaws()).toEqual([]);
}, 240_000);

test('row 4: a wire cut without a FIN, wires dead in one direction, and a server whose wire is cut, all at once under load: what asks the server is told with a code that the broker does not answer', async () => {
  const cluster = await world.begin(['silent', 'unheard', 'deaf']);
  await cluster.storesMore('over whole wires');
  const before = cluster.wires.map(({ counts }) => counts.taken);
  cluster.server.wire.apply({ type: 'silence' });
  cluster.node('silent').wire.apply({ type: 'silence' });
  cluster.node('unheard').wire.apply({ type: 'silence', direction: 'toBroker' });
  cluster.node('deaf').wire.apply({ type: 'silence', direction: 'toClient' });
  const ask = (node: string) => cluster.cluster.jetpack(node, ['sync', 'wait', '--role', 'scheduler', '--timeout', '2s']);
  const asked = Promise.all([ask('silent'), ask('unheard'), ask('deaf')]);
  await cluster.more('while nothing passes');
  for (const answer of await asked) expect(answer).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/: the broker does not answer \(broker_unreachable\)\n$/) });
  await waitFor('every wire to be given up for another', () => cluster.wires.every(({ counts }, index) => counts.taken >= (before[index] ?? 0) + 2), settleMs);
  expect(await cluster.flaws()).toEqual([]);
}, 240_000);

test('row 3: wires that drip under load hold up the store and not the clients, and lose nothing', async () => {
  const cluster = await world.begin(['one', 'two']);
  // Less than the load needs.
  for (const wire of cluster.wires) wire.apply({ type: 'drip', bytes: 20, everyMs: 5 });
  await cluster.lags('for dripping wires');
  await cluster.storesMore('over dripping wires', 10);
  expect(cluster.load.logs.filter(({ told }) => told === 'refused')).toEqual([]);
  for (const wire of cluster.wires) wire.apply({ type: 'pass' });
  expect(await cluster.flaws()).toEqual([]);
}, 240_000);
