import { describe, expect, test } from '@jest/globals';
import { fail } from '../../protocol/result.ts';
import { newId } from '../testing/frames.ts';
import { settle } from '../testing/world.ts';
import { begin, commanded, useOrchestratorStage } from './testing/orchestrator-stage.ts';

useOrchestratorStage();

describe('a command', () => {
  test('is in the store, answered with its nodes, and sent at once to those that are online', async () => {
    const begun = await begin();
    await begun.stand('execute-2', 'ready', 'silent');
    const answer = await begun.give({ command: 'converge', rerunScripts: true });
    expect(answer).toMatchObject({ outcome: 'ordered', targets: ['execute-1', 'execute-2', 'scheduler'] });
    const id = answer.outcome === 'ordered' ? answer.id : '';
    expect(begun.store.command(id)).toMatchObject({ id, name: 'converge', rerunScripts: true, targets: [{}, {}, {}] });
    expect(begun.sent('command').map(([node, { body, remainingMs }]) => [node, body, remainingMs])).toEqual(
      ['execute-1', 'scheduler'].map((node) => [node, { command: id, name: 'converge', rerunScripts: true }, 3_600_000]),
    );
  });

  test('may be for some nodes, each once', async () => {
    const begun = await begin();
    expect(await begun.give({ command: 'check', nodes: ['scheduler', 'execute-1', 'scheduler'] })).toMatchObject({ targets: ['execute-1', 'scheduler'] });
    expect(commanded(begun)).toEqual([['execute-1', 'check'], ['scheduler', 'check']]);
  });

  test('for a node or a cluster that is not known is refused, and nothing is written', async () => {
    const begun = await begin();
    const before = begun.store.ordered.length;
    expect(await begun.give({ command: 'check', nodes: ['scheduler', 'execute-9'] })).toEqual({ outcome: 'unknown', error: { code: 'request_invalid', message: 'there is no node execute-9 in cluster box' } });
    expect(await begun.give({ command: 'check', cluster: 'none' })).toMatchObject({ outcome: 'unknown', error: { message: 'there is no node in cluster none' } });
    expect(begun.store.ordered).toHaveLength(before);
  });

  test('is refused as busy while the roster has not told of its nodes', async () => {
    const begun = await begin();
    await begun.incarnation.end();
    begun.spawn();
    expect(await begun.give({ command: 'check' })).toMatchObject({ outcome: 'refused', error: { code: 'busy' } });
    expect(begun.roster.received).toEqual([{ type: 'nodes?' }, { type: 'nodes?' }]);
    await begun.standAll();
    expect(await begun.give({ command: 'check' })).toMatchObject({ outcome: 'ordered' });
  });

  test('under an id that is known answers the same and does nothing, whatever became of its nodes; other words are a conflict', async () => {
    const begun = await begin();
    const id = newId();
    const first = await begun.give({ command: 'check', id });
    commanded(begun);
    await begun.tell({ type: 'nodes', nodes: [], all: true });
    expect(await begun.give({ command: 'check', id })).toEqual(first);
    expect(commanded(begun)).toEqual([]);
    expect(await begun.give({ command: 'converge', id })).toMatchObject({ outcome: 'conflict', error: { code: 'request_invalid', message: `another command has the id ${id}` } });
    expect(begun.store.command(id)).toMatchObject({ name: 'check' });
  });

  test('that cannot be written is refused with the code, and not sent', async () => {
    const begun = await begin();
    begun.store.failWith = fail('store_unwritable', 'disk full').error;
    expect(await begun.give({ command: 'check' })).toEqual({ outcome: 'refused', error: { code: 'store_unwritable', message: 'disk full' } });
    expect(commanded(begun)).toEqual([]);
  });

  test('is sent again after growing pauses until its node has answered', async () => {
    const begun = await begin({ names: ['execute-1'] });
    const answer = await begun.give({ command: 'check' });
    expect(commanded(begun)).toHaveLength(1);
    await begun.pass(1_500);
    expect(commanded(begun)).toEqual([]);
    await begun.pass(1_500);
    expect(commanded(begun)).toHaveLength(1);
    await begun.pass(13_000);
    expect(commanded(begun)).toHaveLength(2);
    begun.store.answer(answer.outcome === 'ordered' ? answer.id : '', 'execute-1', 'accepted');
    await begun.pass(600_000);
    expect(commanded(begun)).toEqual([]);
  });

  test('waits for a node to be online, and is sent at once with its registration', async () => {
    const begun = await begin({ names: ['execute-1'], link: 'unheard' });
    await begun.give({ command: 'check' });
    await begun.pass(30_000);
    expect(commanded(begun)).toEqual([]);
    await begun.stand('execute-1', 'starting', 'online');
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('has expired when its time is over by the clock of this server: it is sent no more, and marked', async () => {
    const begun = await begin({ names: ['execute-1'], link: 'unheard' });
    const answer = await begun.give({ command: 'check', expiresInSeconds: 10 });
    const id = answer.outcome === 'ordered' ? answer.id : '';
    await begun.pass(9_000);
    expect(begun.store.targetState(id, 'execute-1')).toBe('pending');
    await begun.pass(2_000);
    expect(begun.store.targetState(id, 'execute-1')).toBe('expired');
    await begun.stand('execute-1', 'ready', 'online');
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([]);
  });

  test('that has expired while the store failed is marked later, and not sent meanwhile', async () => {
    const begun = await begin({ names: ['execute-1'] });
    const answer = await begun.give({ command: 'check', expiresInSeconds: 1 });
    commanded(begun);
    begun.store.failWith = fail('store_unwritable', 'disk full').error;
    await begun.pass(5_000);
    expect(commanded(begun)).toEqual([]);
    expect(begun.log.lines).toContain('warn: commands whose time is over could not be marked: disk full');
    begun.store.failWith = undefined;
    await begun.pass(2_000);
    expect(begun.store.targetState(answer.outcome === 'ordered' ? answer.id : '', 'execute-1')).toBe('expired');
  });

  test('is taken up again by a successor, as the store has it', async () => {
    const begun = await begin({ names: ['execute-1', 'execute-2'] });
    const answer = await begun.give({ command: 'check' });
    begun.store.answer(answer.outcome === 'ordered' ? answer.id : '', 'execute-2', 'done');
    commanded(begun);
    await begun.incarnation.end();
    begun.spawn();
    await settle();
    await begun.standAll();
    await begun.pass(1_000);
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('brings the trace of who gave it, also to a successor', async () => {
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const begun = await begin({ names: ['execute-1'] });
    await begun.give({ command: 'check' }, trace);
    await begun.incarnation.end();
    begun.spawn();
    await begun.standAll();
    await begun.pass(1_000);
    expect(begun.sent('command').map(([, sent]) => sent.trace)).toEqual([trace, trace]);
  });
});

describe('a command that its node has accepted', () => {
  const accepted = async (expiresInSeconds = 3_600) => {
    const begun = await begin({ names: ['execute-1'] });
    const answer = await begun.give({ command: 'check', expiresInSeconds });
    const id = answer.outcome === 'ordered' ? answer.id : '';
    begun.store.answer(id, 'execute-1', 'accepted');
    commanded(begun);
    return { begun, id };
  };

  test('is sent once with each registration, for the node may have lost it, and at no other time', async () => {
    const { begun } = await accepted();
    await begun.pass(200_000);
    expect(commanded(begun)).toEqual([]);
    for (let registration = 0; registration < 2; registration += 1) {
      await begun.registers('execute-1');
      await begun.pass(200_000);
      expect(commanded(begun)).toEqual([['execute-1', 'check']]);
    }
  });

  test('is so also by a successor', async () => {
    const { begun } = await accepted();
    await begun.incarnation.end();
    begun.spawn();
    await settle();
    await begun.standAll();
    await begun.pass(5_000);
    expect(commanded(begun)).toEqual([]);
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([['execute-1', 'check']]);
  });

  test('is sent no more once it is done', async () => {
    const { begun, id } = await accepted();
    begun.store.answer(id, 'execute-1', 'done');
    await begun.registers('execute-1');
    expect(commanded(begun)).toEqual([]);
  });

  test('is sent with no time left after its time, so that a node that has lost it says so', async () => {
    const { begun } = await accepted(10);
    await begun.pass(60_000);
    await begun.registers('execute-1');
    expect(begun.sent('command')).toMatchObject([['execute-1', { remainingMs: 0 }]]);
  });

  test('has expired when a day has passed since its time, and not before', async () => {
    const { begun, id } = await accepted(10);
    const expiring = () => begun.store.ordered.filter(({ type }) => type === 'expire').length;
    await begun.pass(23 * 3_600_000);
    expect([begun.store.targetState(id, 'execute-1'), expiring()]).toEqual(['accepted', 0]);
    await begun.pass(3_600_000 + 12_000);
    expect([begun.store.targetState(id, 'execute-1'), expiring()]).toEqual(['expired', 1]);
  });
});

describe('many commands at once', () => {
  test('are sent a hundred at a time, all within a moment and each once', async () => {
    const begun = await begin({ names: Array.from({ length: 250 }, (_, index) => `execute-${index}`) });
    await begun.give({ command: 'check' });
    expect(commanded(begun)).toHaveLength(100);
    await begun.pass(10);
    expect(commanded(begun)).toHaveLength(100);
    await begun.pass(1_000);
    expect(commanded(begun)).toHaveLength(50);
  });

  test('with large configurations are fewer at a time', async () => {
    const begun = await begin({ names: Array.from({ length: 20 }, (_, index) => `execute-${index}`) });
    await begun.give({ command: 'set', key: 'a', value: 'v'.repeat(900_000) });
    const first = begun.sent('command').map(([node]) => node);
    expect(first.length).toBeLessThanOrEqual(5);
    await begun.pass(1_000);
    const rest = begun.sent('command').map(([node]) => node);
    expect([first.length + rest.length, new Set([...first, ...rest]).size]).toEqual([20, 20]);
  });
});
