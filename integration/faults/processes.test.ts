// Real programs under load, ended at the worst moment and in good order.
import { expect, test } from '@jest/globals';
import { waitFor } from '../../effects/testing/wait-for.ts';
import { useProcesses, type Wired } from './process-world.ts';

const world = useProcesses();

/** Kills a program that has published and cannot have heard of it. */
const killMidPublish = async ({ running, wire }: Wired): Promise<void> => {
  wire.apply({ type: 'silence', direction: 'toClient' });
  const { toBroker } = wire.counts;
  await waitFor('a publish under way', () => wire.counts.toBroker > toBroker);
  await running.kill();
  // The dead say no more.
  wire.cut();
};

test('row 20: a daemon killed between its publish and the confirm, three times under load, loses and doubles nothing', async () => {
  const cluster = await world.begin(['one', 'two']);
  const one = cluster.node('one');
  for (const nth of ['first', 'second', 'third']) {
    await cluster.more(`before the ${nth} kill`);
    await killMidPublish(one);
    await cluster.more('while it is dead', 20);
    await one.again();
  }
  expect(await cluster.flaws()).toEqual([]);
}, 180_000);

test('row 20: a server killed between its publish and the confirm, three times under load, loses and doubles nothing', async () => {
  const cluster = await world.begin(['one', 'two']);
  for (const nth of ['first', 'second', 'third']) {
    await cluster.storesMore(`before the ${nth} kill`);
    await killMidPublish(cluster.server);
    await cluster.more('while it is dead', 20);
    await cluster.server.again();
  }
  expect(await cluster.flaws()).toEqual([]);
}, 180_000);

test('row 19: daemon and server end within five seconds of a SIGTERM under load, with exit code 0, and nothing is lost or doubled', async () => {
  const cluster = await world.begin(['one', 'two']);
  for (const program of [cluster.node('one'), cluster.server, cluster.node('two')]) {
    await cluster.more('before it is told to end');
    const before = performance.now();
    expect(await program.running.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(5_000);
    await cluster.more('while it is away', 20);
    await program.again();
  }
  expect(await cluster.flaws()).toEqual([]);
}, 180_000);
