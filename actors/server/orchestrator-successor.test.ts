import { describe, expect, test } from '@jest/globals';
import { newId } from '../testing/frames.ts';
import { settle } from '../testing/world.ts';
import { clusterId, nodeId } from './ids.ts';
import type { MemoryOrders } from './testing/memory-orders.ts';
import { at, begin, type Begun, commanded, useOrchestratorStage } from './testing/orchestrator-stage.ts';

useOrchestratorStage();

/** Ends the one that there is, and begins another. */
const succeed = async ({ incarnation, spawn }: Awaited<ReturnType<typeof begin>>): Promise<void> => {
  await incarnation.end();
  spawn();
  await settle();
};

describe('an orchestrator that crashes', () => {
  /** Holds commands up on their way into the store until `gate` opens. */
  const gated = () => {
    const gate = Promise.withResolvers<void>();
    const prepare = (store: MemoryOrders): void => {
      const write = store.order.bind(store);
      store.order = async (change) => {
        if (change.type === 'command') await gate.promise;
        return write(change);
      };
    };
    return { gate, prepare };
  };

  const ask = ({ tell }: Begun, id: string): void => {
    const request = { cluster: 'box', nodes: 'all', expiresInSeconds: 3_600, command: 'check', id } as const;
    void tell({ type: 'command', request, reply: () => undefined });
  };

  test('leaves no order behind: the one under way is in the store when its successor begins, those after it never are', async () => {
    const { gate, prepare } = gated();
    const begun = await begin({ names: ['execute-1'], prepare });
    const [first, second] = [newId(), newId()];
    ask(begun, first);
    ask(begun, second);
    await settle();
    const ended = begun.incarnation.end();
    await settle();
    gate.resolve();
    expect(await ended).toMatchObject({ releaseTimedOut: false });
    begun.spawn();
    await settle();
    await begun.standAll();
    await begun.pass(1_000);
    expect(begun.sent('command').map(([, { body }]) => body.command)).toEqual([first]);
    expect(begun.store.command(second)).toBeUndefined();
  });

  test('during an order that takes longer than its end leaves it to its successor, who sends it soon', async () => {
    const { gate, prepare } = gated();
    const begun = await begin({ names: ['execute-1'], prepare });
    ask(begun, newId());
    await settle();
    const ended = begun.incarnation.end();
    await settle();
    await begun.pass(1_000);
    expect(await ended).toMatchObject({ releaseTimedOut: true });
    begun.spawn();
    await settle();
    await begun.standAll();
    gate.resolve();
    await begun.pass(1_000);
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('during such an order sends it at once to whoever repeats it', async () => {
    const { gate, prepare } = gated();
    const begun = await begin({ names: ['execute-1'], prepare });
    const id = newId();
    ask(begun, id);
    await settle();
    void begun.incarnation.end();
    await settle();
    await begun.pass(1_000);
    begun.spawn();
    await settle();
    await begun.standAll();
    gate.resolve();
    await settle();
    expect(await begun.give({ command: 'check', id })).toEqual({ outcome: 'ordered', id, targets: ['execute-1'] });
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('has a successor that sends no configuration without the id of its node: what registers or beats before the roster has told is sent it then', async () => {
    const begun = await begin();
    await succeed(begun);
    await begun.registers('execute-1');
    await begun.beats('execute-2', 1);
    await begun.tell({ type: 'registered', node: at('n1', 'other'), configuration: undefined });
    expect(begun.sent('configuration')).toEqual([]);
    await begun.standAll();
    expect(begun.sent('configuration').map(([node, { body }]) => [node, body.revision, body.tree['cyclecloud']])).toEqual([
      ['execute-1', 2, expect.objectContaining({ node: { id: nodeId('origin', at('execute-1'), 'i-execute-1') } })],
      ['execute-2', 2, expect.objectContaining({ node: { id: nodeId('origin', at('execute-2'), 'i-execute-2') } })],
      ['n1', 2, { cluster: { id: clusterId('origin', 'other') } }],
    ]);
    await begun.standAll();
    expect(begun.sent('configuration')).toEqual([]);
  });

  test('has a successor that need not wait for the roster where it was told of the node itself', async () => {
    const begun = await begin();
    await succeed(begun);
    await begun.stand('execute-1');
    await begun.registers('execute-1');
    expect(begun.sent('configuration').map(([node]) => node)).toEqual(['execute-1']);
  });

  test.each(['revision', 'settings', 'command', 'pendingTargets', 'targetState'] as const)('since the store could not be read (%s) has a successor that loses nothing', async (read) => {
    const begun = await begin({ names: ['execute-1'] });
    const { store } = begun;
    const failing = (): never => {
      throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 });
    };
    // Over the method of its class, until it is taken away.
    Object.defineProperty(store, read, { value: failing, configurable: true });
    const id = newId();
    const given = begun.give({ command: 'set', key: 'a', value: 1, id }).catch((error: unknown) => error);
    await begun.tell({ type: 'registered', node: at('execute-1'), configuration: 1 });
    expect(begun.watching.crashes).toHaveLength(1);
    await given;
    Reflect.deleteProperty(store, read);
    await succeed(begun);
    await begun.standAll();
    begun.transport.received.splice(0);
    expect(await begun.give({ command: 'set', key: 'a', value: 1, id })).toEqual({ outcome: 'ordered', id, targets: ['execute-1'] });
    await begun.pass(1_000);
    expect(begun.sent('command').map(([, { body }]) => [body.command, body.configuration])).toEqual([[id, { revision: 3, tree: expect.objectContaining({ a: 1 }) }]]);
    expect(begun.store.settings('box')).toEqual([{ key: 'a', value: 1 }]);
  });
});
