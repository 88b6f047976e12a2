// Real programs under load, ended at the worst moment and in good order.
import { expect, test } from '@jest/globals';
import { useProcesses, type Wired } from './process-world.ts';

const world = useProcesses();

/** How a publish begins in AMQP 0-9-1, class 60 and method 40: neither a heartbeat nor an acknowledgement has it, nor any text. */
const basicPublish = Buffer.from([0, 60, 0, 40]);

/** Resolves when a publish is on its way and no answer can come any more: the wire is deaf to the broker before that hears of it. */
const midPublish = (wire: Wired['wire']): Promise<void> =>
  new Promise((resolve) => {
    for (const { flows } of wire.wires) {
      flows.toBroker.watch((chunk) => {
        if (!chunk.includes(basicPublish)) return;
        flows.toClient.pace({ type: 'silence' });
        resolve();
      });
    }
  });

const killMidPublish = async ({ running, wire }: Wired): Promise<void> => {
  await midPublish(wire);
  await running.kill();
  // The dead say no more.
  wire.cut();
};

test('row 20: a daemon killed between its publish and the confirm, twice under load, loses and doubles nothing', async () => {
  const cluster = await world.begin(['one', 'two']);
  const one = cluster.node('one');
  for (const nth of ['first', 'second']) {
    await cluster.more(`before the ${nth} kill`);
    await killMidPublish(one);
    await cluster.more('while it is dead', 20);
    await one.again();
  }
  expect(await cluster.flaws()).toEqual([]);
}, 180_000);

test('row 20: a server killed between its publish and the confirm, twice under load, loses and doubles nothing', async () => {
  const cluster = await world.begin(['one', 'two']);
  for (const nth of ['first', 'second']) {
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
