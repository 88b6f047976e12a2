import { describe, expect, test } from '@jest/globals';
import { fail } from '../../protocol/result.ts';
import type { FrameOf } from '../../protocol/frames.ts';
import { bodies, frame } from '../testing/frames.ts';
import { settle } from '../testing/world.ts';
import { clusterId, nodeId } from './ids.ts';
import { at, begin, type Begun, useOrchestratorStage } from './testing/orchestrator-stage.ts';

useOrchestratorStage();

const configured = ({ sent }: Begun): readonly unknown[] => sent('configuration').map(([node, { body }]) => [node, body.revision]);

describe('configuration', () => {
  test('waits for the revision that the templates bring, and then goes to who registered meanwhile', async () => {
    const order = Promise.withResolvers<void>();
    const begun = await begin({
      prepare: (store) => {
        const write = store.order.bind(store);
        store.order = async (change) => {
          if (change.type === 'templates') await order.promise;
          return write(change);
        };
      },
    });
    await begun.registers('execute-1');
    await begun.beats('execute-2');
    expect(configured(begun)).toEqual([]);
    order.resolve();
    await settle();
    expect(begun.sent('configuration').map(([node, { body }]) => [node, body])).toEqual([
      ['execute-1', { revision: 2, tree: { demo: { limit: 1 }, roles: ['execute'], cyclecloud: { cluster_init_specs: [], cluster: { id: clusterId('origin', 'box') }, node: { id: nodeId('origin', at('execute-1'), 'i-execute-1') } } } }],
    ]);
  });

  test('goes to a node at every registration, also when it has it already', async () => {
    const begun = await begin();
    await begun.registers('execute-1');
    await begun.registers('execute-1', 2);
    expect(configured(begun)).toEqual([['execute-1', 2], ['execute-1', 2]]);
  });

  test('goes to a node whose heartbeat names another revision or none, and to no other', async () => {
    const begun = await begin();
    await begun.beats('execute-1', 2);
    await begun.beats('execute-2', 1);
    await begun.beats('scheduler');
    expect(configured(begun)).toEqual([['execute-2', 2], ['scheduler', 2]]);
  });

  test('goes to nodes of a cluster without a template as well, so that they become ready', async () => {
    const begun = await begin();
    await begun.tell({ type: 'registered', node: at('n1', 'other'), configuration: undefined });
    expect(begun.sent('configuration').map(([node, { body }]) => [node, body])).toEqual([['n1', { revision: 2, tree: { cyclecloud: { cluster: { id: clusterId('origin', 'other') } } } }]]);
  });

  test('of a node that names a higher revision has this store raised above it first', async () => {
    const begun = await begin();
    await begun.beats('execute-1', 41);
    await begun.registers('execute-2', 57);
    expect(configured(begun)).toEqual([['execute-1', 42], ['execute-2', 58]]);
    await begun.beats('execute-1', 42);
    expect(configured(begun)).toEqual([['execute-1', 58]]);
  });

  test('is not sent while the store cannot be raised, and is with a later heartbeat', async () => {
    const begun = await begin();
    begun.store.failWith = fail('store_unwritable', 'disk full').error;
    await begun.beats('execute-1', 41);
    expect(configured(begun)).toEqual([]);
    expect(begun.log.lines.at(-1)).toBe('warn: the revision could not be raised: disk full');
    begun.store.failWith = undefined;
    await begun.beats('execute-1', 41);
    expect(configured(begun)).toEqual([['execute-1', 42]]);
  });

  test('is not led by a node that names what no server can have given it', async () => {
    const begun = await begin();
    await begun.beats('execute-1', Number.MAX_SAFE_INTEGER);
    expect([begun.store.revision(), configured(begun)]).toEqual([2, []]);
    expect(begun.log.lines).toEqual([`warn: box/execute-1 names the revision ${Number.MAX_SAFE_INTEGER}, which no server gave it`]);
  });

  test('goes out also when the templates could not be kept, which is tried again', async () => {
    const begun = await begin({ prepare: (store) => (store.failWith = fail('store_unwritable', 'disk full').error) });
    expect(begun.log.lines).toEqual(['error: the templates could not be kept: disk full']);
    await begun.registers('execute-1');
    expect(configured(begun)).toEqual([['execute-1', 1]]);
    begun.store.failWith = undefined;
    await begun.pass(10_000);
    await begun.beats('execute-1', 1);
    expect(configured(begun)).toEqual([['execute-1', 2]]);
  });
});

describe('a setting', () => {
  test("goes with its node's whole configuration, in which it holds", async () => {
    const begun = await begin();
    await begun.give({ command: 'set', nodes: ['execute-1'], key: 'demo.limit', value: 5 });
    expect(begun.sent('command').map(([node, { body }]) => [node, body.key, body.configuration])).toEqual([
      ['execute-1', 'demo.limit', { revision: 3, tree: expect.objectContaining({ demo: { limit: 5 }, roles: ['execute'] }) }],
    ]);
    await begun.beats('scheduler', 2);
    expect(begun.sent('configuration')).toMatchObject([['scheduler', { body: { revision: 3, tree: { demo: { limit: 1 } } } }]]);
  });

  test('that is sent again goes with the newest configuration, and undoes nothing', async () => {
    const begun = await begin({ names: ['execute-1'] });
    await begun.give({ command: 'set', key: 'a', value: 'old' });
    await begun.give({ command: 'set', key: 'a', value: 'new' });
    begun.sent('command');
    await begun.pass(3_000);
    expect(begun.sent('command').map(([, { body }]) => body.configuration)).toMatchObject([{ revision: 4, tree: { a: 'new' } }, { tree: { a: 'new' } }]);
  });

  test('of a whole cluster reaches also nodes that come later, and may be made before the first', async () => {
    const begun = await begin({ names: [] });
    expect(await begun.give({ command: 'set', key: 'a', value: 1 })).toMatchObject({ outcome: 'ordered', targets: [] });
    await begun.registers('execute-7');
    expect(begun.sent('configuration')).toMatchObject([['execute-7', { body: { tree: { a: 1 } } }]]);
    expect(await begun.give({ command: 'check' })).toMatchObject({ outcome: 'unknown' });
    expect(await begun.give({ command: 'set', cluster: 'none', key: 'a', value: 1 })).toMatchObject({ outcome: 'unknown' });
  });

  test('that would make a configuration too large is refused with its code, measured against those before it', async () => {
    const begun = await begin();
    const value = 'v'.repeat(600_000);
    const [first, second] = await Promise.all([
      begun.give({ command: 'set', key: 'a', value }),
      begun.give({ command: 'set', key: 'b', nodes: ['execute-1'], value }),
    ]);
    expect(first).toMatchObject({ outcome: 'ordered' });
    expect(second).toMatchObject({ outcome: 'refused', error: { code: 'message_too_large' } });
    expect(begun.store.settings('box')).toHaveLength(1);
  });
});

describe('a node that waits for others', () => {
  const watch = ({ tell }: Begun, more: Partial<FrameOf<'watch'>['body']> = {}) => tell({ type: 'watch', frame: { ...frame('watch', { ...bodies.watch, ...more }), from: at('execute-1') } });
  const watched = ({ sent }: Begun) => sent('watched').map(([node, { body }]) => [node, body.met, body.nodes]);

  test('is told at once how they stand, and of every change within a moment', async () => {
    const begun = await begin();
    await watch(begun);
    expect(watched(begun)).toEqual([['execute-1', false, [{ node: 'scheduler', phase: 'converging' }]]]);
    await begun.stand('scheduler', 'ready');
    await begun.pass(20);
    expect(watched(begun)).toEqual([['execute-1', true, [{ node: 'scheduler', phase: 'ready' }]]]);
    await begun.stand('scheduler', 'ready', 'silent');
    await begun.pass(20);
    expect(watched(begun)).toEqual([['execute-1', false, [{ node: 'scheduler', phase: 'silent' }]]]);
  });

  test('is told once of changes that come close together, and not of those of others', async () => {
    const begun = await begin();
    await watch(begun);
    watched(begun);
    await begun.stand('scheduler', 'failed');
    await begun.stand('scheduler', 'ready');
    await begun.stand('execute-2', 'ready');
    await begun.pass(2_000);
    expect(watched(begun)).toEqual([['execute-1', true, [{ node: 'scheduler', phase: 'ready' }]]]);
  });

  test('is told no more when its lease is over', async () => {
    const begun = await begin();
    await watch(begun, { leaseMs: 5_000 });
    watched(begun);
    await begun.pass(6_000);
    await begun.stand('scheduler', 'ready');
    await begun.pass(2_000);
    expect(watched(begun)).toEqual([]);
  });

  test('asks a successor again, which knows nothing of it', async () => {
    const begun = await begin();
    await watch(begun);
    await begun.incarnation.end();
    begun.spawn();
    await begun.standAll();
    watched(begun);
    await begun.stand('scheduler', 'ready');
    await begun.pass(2_000);
    expect(watched(begun)).toEqual([]);
    await watch(begun);
    expect(watched(begun)).toEqual([['execute-1', true, [{ node: 'scheduler', phase: 'ready' }]]]);
  });
});

test('a drain ends with the orders that are under way answered', async () => {
  const begun = await begin();
  const given = begun.give({ command: 'check' });
  await settle(1);
  const drained = begun.incarnation.drain();
  expect(await given).toMatchObject({ outcome: 'ordered' });
  expect(await drained).toEqual({ forced: false, failures: [], releaseTimedOut: false });
  expect(begun.watching.crashes).toEqual([]);
});

test('what a cluster is asked to have is what the store says, and nothing of one that nobody has told of', async () => {
  const target = { name: 'execute', coreCount: 8, node: 'scheduler', at: 1, expiresAt: 2 };
  const { tell } = await begin({ prepare: (store) => void store.targets.set('box', [target]) });
  const answers: unknown[] = [];
  for (const cluster of ['box', 'other']) await tell({ type: 'autoscale?', cluster, reply: (targets) => void answers.push(targets) });
  expect(answers).toEqual([[target], []]);
});
