import { describe, expect, test } from '@jest/globals';
import { fail } from '../../../protocol/result.ts';
import type { Reply } from '../../ref.ts';
import { newId, stream } from '../../testing/frames.ts';
import { settle } from '../../testing/world.ts';
import type { UserMessage } from './ports.ts';
import { HeldOutbox } from '../testing/held-outbox.ts';
import { MemoryState } from '../testing/memory-state.ts';
import { begin, outcome, useMessagingStage } from '../testing/messaging-stage.ts';

useMessagingStage();

describe('a message of `jetpack send`', () => {
  const user = (id: string): string => JSON.stringify({ id, at: 0, routingKey: 'my.key', contentType: 'text/plain', bodyBase64: 'aGk=' } satisfies UserMessage);
  const beginSending = async () => {
    const outbox = new HeldOutbox(stream);
    outbox.add('user', user('a'), user('b'));
    const begun = await begin(outbox);
    await begun.link(true);
    return begun;
  };

  test('goes to the exchange of the users as its sender meant it, and is freed by its confirm', async () => {
    const { outbox, published } = await beginSending();
    const [first, ...more] = published();
    expect(more).toEqual([]);
    expect(first!.message).toMatchObject({
      exchange: 'user',
      routingKey: 'my.key',
      body: Buffer.from('hi'),
      messageId: 'a',
      contentType: 'text/plain',
      persistent: true,
      headers: { 'jetpack-cluster': 'lab', 'jetpack-node': 'n1' },
    });
    first!.reply(outcome('confirmed'));
    await settle();
    expect(outbox.rows.map(({ sequence }) => sequence)).toEqual([2]);
    expect(published().map(({ message }) => message.messageId)).toEqual(['b']);
  });

  test('has the headers that its sender gave it, and not in place of ours, and need not be kept by the broker', async () => {
    const outbox = new HeldOutbox(stream);
    const given = { unit: '7', traceparent: 'x', 'jetpack-node': 'other' };
    outbox.add('user', JSON.stringify({ ...(JSON.parse(user('a')) as object), headers: given, persistent: false }));
    const { link, published } = await begin(outbox);
    await link(true);
    const [sent] = published();
    expect(sent?.message).toMatchObject({ persistent: false, headers: { unit: '7', 'jetpack-cluster': 'lab', 'jetpack-node': 'n1' } });
    expect(sent?.message.headers?.['traceparent']).not.toBe('x');
  });

  test('that nobody takes is reported, and the next one goes', async () => {
    const { outbox, published } = await beginSending();
    published()[0]?.reply(outcome('unroutable'));
    await settle();
    expect(outbox.reports.map(({ payload }) => JSON.parse(payload))).toEqual([expect.objectContaining({ kind: 'undelivered', messageId: 'a' })]);
    expect(published().map(({ message }) => message.messageId)).toEqual(['b']);
  });
});

describe('reports in the state of the node', () => {
  const pending = (message: string) => ({ event: { kind: 'log', id: newId(), at: 1, level: 'info', priority: 'high', message } as const, trace: undefined });
  const stored = (outbox: HeldOutbox) => outbox.rows.map((row) => (JSON.parse(row.payload) as { readonly message: string }).message);

  test('of an earlier life are taken at the start, in order, and forgotten once they are durable, not before', async () => {
    const state = new MemoryState();
    await state.change([], [pending('1'), pending('2')]);
    const { outbox } = await begin(new HeldOutbox(stream), state);
    expect(outbox.pending.map(({ entries }) => entries.map(({ repeatable }) => repeatable))).toEqual([[true, true]]);
    expect(state.pending(10)).toHaveLength(2);
    outbox.commit();
    await settle();
    expect([stored(outbox), state.pending(10)]).toEqual([['1', '2'], []]);
  });

  test('that come while others are taken are taken after them', async () => {
    const state = new MemoryState();
    await state.change([], [pending('1')]);
    const { outbox, tell } = await begin(new HeldOutbox(stream), state);
    await state.change([], [pending('2')]);
    await tell({ type: 'pending' });
    expect(outbox.pending).toHaveLength(1);
    outbox.commit();
    await settle();
    outbox.commit();
    await settle();
    expect(stored(outbox)).toEqual(['1', '2']);
  });

  test('stay where they are while the outbox cannot take them, and are tried again', async () => {
    const state = new MemoryState();
    await state.change([], [pending('1')]);
    const { clock, log, outbox } = await begin(new HeldOutbox(stream), state);
    outbox.pending.splice(0)[0]?.settle(fail('outbox_full', 'full'));
    await settle();
    expect([state.pending(10).length, log.lines]).toEqual([1, ['warn: reports wait to be kept: full']]);
    await clock.advance(10_000);
    await settle();
    outbox.commit();
    await settle();
    expect([stored(outbox), state.pending(10)]).toEqual([['1'], []]);
  });

  test('one that no outbox would ever take holds up nothing behind it', async () => {
    const state = new MemoryState();
    await state.change([], [pending('x'.repeat(2_000_000)), pending('behind')]);
    const { log, outbox } = await begin(new HeldOutbox(stream), state);
    outbox.commit();
    await settle();
    expect([stored(outbox), state.pending(10)]).toEqual([['behind'], []]);
    expect(log.lines[0]).toMatch(/^error: a log report is given up: the message takes \d+ bytes/);
  });

  test('are waited for by whoever wants everything to have left', async () => {
    const state = new MemoryState();
    await state.change([], [pending('1')]);
    const { outbox, ref, system } = await begin(new HeldOutbox(stream), state);
    let flushed = false;
    void system.ask(ref, (reply: Reply<void>) => ({ type: 'flush', reply }) as const, { timeoutMs: 60_000 }).then(() => (flushed = true));
    await settle();
    expect(flushed).toBe(false);
    outbox.commit();
    outbox.rows = [];
    await settle();
    expect(flushed).toBe(true);
  });
});
