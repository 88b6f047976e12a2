import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../../../protocol/result.ts';
import type { UserMessage } from './ports.ts';
import { due, publish, setUp, show } from '../testing/sender-stage.ts';

describe('a publish that fails', () => {
  test.each(['unroutable', 'nacked', 'unconfirmed', 'closed'] as const)('as %s is made again after a pause that doubles up to 15 s', (outcome) => {
    const { sender } = setUp('1');
    publish(sender, 0, outcome);
    const pauses: number[] = [];
    for (let last = 0, attempt = 0; attempt < 7; attempt += 1) {
      const at = sender.wakeAt()!;
      expect(due(sender, at - 1)).toEqual([]);
      publish(sender, at, outcome);
      pauses.push(at - last);
      last = at;
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  test('does not hold up others', () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0, 'nacked');
    outbox.add('report', '2');
    expect(publish(sender, 0)).toEqual(['s1: 2']);
  });

  test('is made again in as few frames as hold the rows, however they came', () => {
    const { outbox, sender } = setUp();
    for (let row = 0; row < 1_500; row += 1) {
      outbox.add('report', 'x');
      publish(sender, row, 'unroutable');
    }
    const again = due(sender, 60_000);
    expect(again.map(({ rows }) => rows.length)).toEqual([512, 512, 476]);
    expect(again.flatMap(({ rows }) => rows.map(({ sequence }) => sequence))).toEqual(Array.from({ length: 1_500 }, (_, index) => index + 1));
  });

  test('is made again in frames of at most 96 KiB', () => {
    const { outbox, sender } = setUp();
    for (let row = 0; row < 3; row += 1) {
      outbox.add('report', 'y'.repeat(40_000));
      publish(sender, 0, 'unroutable');
    }
    expect(show(due(sender, 500))).toEqual(['s1: 1 2', 's1: 3']);
  });

  test('is made again without what was confirmed between, and by streams', () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0, 'unroutable');
    outbox.add('report', '2');
    publish(sender, 0, 'confirmed');
    outbox.add('report', '3');
    publish(sender, 0, 'unroutable');
    outbox.begin('s2');
    outbox.add('report', '4');
    publish(sender, 0, 'unroutable');
    expect(show(due(sender, 500))).toEqual(['s1: 1', 's1: 3', 's2: 1']);
  });

  test('keeps the pause of the oldest row, whatever fails after it', () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0, 'unroutable');
    publish(sender, 500, 'unroutable');
    outbox.add('report', '2');
    publish(sender, 600, 'unroutable');
    expect(sender.wakeAt()).toBe(1_500);
    expect(publish(sender, 1_500, 'unroutable')).toEqual(['s1: 1 2']);
    expect(sender.wakeAt()).toBe(3_500);
  });

  test('does not put off what the server asked for', () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0);
    outbox.add('report', '2');
    const [failing] = due(sender, 0);
    sender.resend('s1', 1, 1);
    sender.settled(failing!, 'nacked', 0);
    expect(show(due(sender, 0))).toEqual(['s1: 1']);
  });
});

describe('the user lane', () => {
  const message = (id: string): string => JSON.stringify({ id, at: 0, routingKey: 'k', contentType: 't', bodyBase64: '' } satisfies UserMessage);
  const setUpUser = () => {
    const { outbox, sender } = setUp();
    outbox.add('user', message('a'), message('b'));
    return { outbox, sender };
  };

  test('goes one by one, each freed by its confirm', async () => {
    const { outbox, sender } = setUpUser();
    const first = sender.nextUser(0)!;
    expect(first.row.payload).toBe(message('a'));
    expect(sender.nextUser(0)).toBeUndefined();
    await sender.settledUser(first, 'confirmed', 0);
    expect(outbox.rows.map(({ sequence }) => sequence)).toEqual([2]);
    expect(sender.nextUser(0)?.row.payload).toBe(message('b'));
  });

  test('an unroutable message leaves as a reported failure and blocks nothing', async () => {
    const { outbox, sender } = setUpUser();
    await sender.settledUser(sender.nextUser(0)!, 'unroutable', 0);
    const [report] = outbox.reports;
    expect(report).toMatchObject({ lane: 'report', priority: 'high' });
    expect(JSON.parse(report!.payload)).toMatchObject({ kind: 'undelivered', messageId: 'a', routingKey: 'k', reason: 'no queue is bound for its routing key' });
    expect(sender.nextUser(0)?.row.payload).toBe(message('b'));
  });

  test.each(['unconfirmed', 'closed', 'nacked'] as const)('a message that is %s is published again after a pause, before any other', async (outcome) => {
    const { sender } = setUpUser();
    await sender.settledUser(sender.nextUser(0)!, outcome, 0);
    expect(sender.nextUser(499)).toBeUndefined();
    expect(sender.wakeAt()).toBe(500);
    expect(sender.nextUser(500)?.row.payload).toBe(message('a'));
  });

  test('a message that the broker refuses eight times leaves as a reported failure', async () => {
    const { outbox, sender } = setUpUser();
    for (let attempt = 0; attempt < 8; attempt += 1) {
      expect(outbox.reports).toEqual([]);
      await sender.settledUser(sender.nextUser(attempt * 60_000)!, 'nacked', attempt * 60_000);
    }
    expect(JSON.parse(outbox.reports[0]!.payload)).toMatchObject({ messageId: 'a', reason: 'the broker refused it again and again' });
  });

  test('a message that cannot be freed is published once more rather than never', async () => {
    const { outbox, sender } = setUpUser();
    outbox.answer = fail('outbox_unwritable', 'disk full');
    expect(await sender.settledUser(sender.nextUser(0)!, 'confirmed', 0)).toMatchObject({ ok: false });
    outbox.answer = ok(undefined);
    expect(sender.nextUser(500)?.row.payload).toBe(message('a'));
  });

  test('begins again with a new connection, and late answers of the old one count no more', async () => {
    const { outbox, sender } = setUpUser();
    const old = sender.nextUser(0)!;
    sender.connected();
    const again = sender.nextUser(0)!;
    await sender.settledUser(old, 'unroutable', 0);
    expect(outbox.reports).toEqual([]);
    await sender.settledUser(again, 'confirmed', 0);
    expect(outbox.rows).toHaveLength(1);
  });
});
