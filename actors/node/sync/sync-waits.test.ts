// Waits of a node, as sync brings them to the server and back.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fail, ok, type Result } from '../../../protocol/result.ts';
import { frame } from '../../testing/frames.ts';
import { createWorld, type World } from '../../testing/world.ts';
import { beginRegisteredSync, beginSync, type SyncStage } from '../testing/sync-stage.ts';
import type { WaitedFor } from './waits.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.system.stop());

const begin = () => beginSync(world);
const beginRegistered = () => beginRegisteredSync(world);

describe('a wait for other nodes', () => {
  const wait = { id: '00000000-0000-4000-8000-0000000000aa', role: 'scheduler', phase: 'ready', count: undefined, timeoutMs: 60_000 };
  const beginWait = async (begun: SyncStage, more: { readonly timeoutMs?: number } = {}) => {
    const answers: Array<Result<WaitedFor>> = [];
    await begun.tell({ type: 'wait', wait: { ...wait, ...more }, reply: (answer) => void answers.push(answer) });
    return answers;
  };
  const watched = (begun: SyncStage, met: boolean) =>
    begun.tell({ type: 'answer', frame: frame('watched', { watch: wait.id, met, nodes: [{ node: 's', phase: met ? 'ready' : 'starting' }] }) });
  const watches = (begun: SyncStage) => begun.sent().flatMap((sent) => (sent.kind === 'watch' ? [[sent.body.watch, sent.body.leaseMs]] : []));
  const open = [wait.id, 30_000];
  const closed = [wait.id, 0];

  test('is told to the server at once, renewed within its lease, answered when the server says so, and taken back', async () => {
    const begun = await beginRegistered();
    const answers = await beginWait(begun);
    expect(watches(begun)).toEqual([open]);
    await begun.pass(10_000);
    expect(watches(begun)).toEqual([open]);
    await watched(begun, false);
    expect(answers).toEqual([]);
    await watched(begun, true);
    expect(answers).toEqual([ok({ nodes: [{ node: 's', phase: 'ready' }] })]);
    expect(watches(begun)).toEqual([closed]);
    await begun.pass(120_000);
    expect(watches(begun)).toEqual([]);
  });

  test('that was asked before the node was registered is told then, and again after every new registration', async () => {
    const begun = await begin();
    await beginWait(begun);
    await begun.link(true);
    expect(watches(begun)).toEqual([]);
    await begun.registered();
    expect(watches(begun)).toEqual([open]);
    await begun.link(false);
    await begun.link(true);
    await begun.registered();
    expect(watches(begun)).toEqual([open]);
  });

  test('ends with its time, saying how the nodes stand, and with its caller', async () => {
    const begun = await beginRegistered();
    const answers = await beginWait(begun);
    await watched(begun, false);
    await begun.pass(60_000);
    expect(answers).toEqual([fail('wait_unmet', 'waited 60 s for every node of role scheduler to be ready: s is starting')]);
    expect(watches(begun).at(-1)).toEqual(closed);
    await beginWait(begun);
    begun.sent();
    await begun.tell({ type: 'unwait', id: wait.id });
    expect(watches(begun)).toEqual([closed]);
  });

  describe('that ends while the broker is away', () => {
    const wanted = 'waited 60 s for every node of role scheduler to be ready';
    const trouble = { code: 'broker_unreachable', message: 'the broker is away: connect ECONNREFUSED 10.0.0.9:5672' } as const;

    test('says so, with the code of that, and what the server had said before', async () => {
      const begun = await beginRegistered();
      const unasked = await beginWait(begun);
      await begun.link(false);
      begun.broker.trouble = trouble;
      await begun.pass(60_000);
      expect(unasked).toEqual([fail('broker_unreachable', `${wanted}: ${trouble.message}`)]);
      const asked = await beginWait(begun);
      await watched(begun, false);
      await begun.link(true);
      await begun.registered();
      await watched(begun, false);
      await begun.pass(60_000);
      expect(asked).toEqual([fail('broker_unreachable', `${wanted}: s is starting when the server last said; ${trouble.message}`)]);
    });

    test('says that there is no connection where none was made yet', async () => {
      const begun = await begin();
      const answers = await beginWait(begun);
      await begun.pass(60_000);
      expect(answers).toEqual([fail('broker_unreachable', `${wanted}: the broker has not been reached yet`)]);
    });

    test('says that the broker did not take the question, over a wire that nobody knows to be dead; and nothing of it where the broker did', async () => {
      const begun = await beginRegistered();
      begun.broker.outcome = 'unconfirmed';
      const unheard = await beginWait(begun);
      await begun.pass(60_000);
      expect(unheard).toEqual([fail('broker_unreachable', `${wanted}: the broker does not answer`)]);
      begun.broker.outcome = 'unroutable';
      const heard = await beginWait(begun);
      await begun.pass(60_000);
      expect(heard).toEqual([fail('wait_unmet', `${wanted}: the server has not said how they stand`)]);
    });

    test('says nothing of the broker where that had no time to answer', async () => {
      const begun = await beginRegistered();
      begun.broker.outcome = 'late';
      const answers = await beginWait(begun, { timeoutMs: 1 });
      await begun.pass(1);
      expect(answers).toEqual([fail('wait_unmet', 'waited 1 ms for every node of role scheduler to be ready: the server has not said how they stand')]);
    });

    test('says that the broker does not answer where it took the question once, and nothing since', async () => {
      const begun = await beginRegistered();
      const answers = await beginWait(begun);
      await watched(begun, false);
      begun.broker.outcome = 'late';
      await begun.pass(60_000);
      expect(answers).toEqual([fail('broker_unreachable', `${wanted}: s is starting when the server last said; the broker does not answer`)]);
    });

    test('says nothing of a broker that brought what the server said, though it has not confirmed the question yet', async () => {
      const begun = await beginRegistered();
      begun.broker.outcome = 'late';
      const answers = await beginWait(begun, { timeoutMs: 5_000 });
      await begun.pass(1_000);
      await watched(begun, false);
      await begun.pass(4_000);
      expect(answers).toEqual([fail('wait_unmet', 'waited 5 s for every node of role scheduler to be ready: s is starting')]);
    });
  });
});
