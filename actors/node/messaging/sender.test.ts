import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../../../protocol/result.ts';
import type { EventBatch } from './sender.ts';
import { due, publish, rangeOf, reason, setUp, show } from '../testing/sender-stage.ts';

describe('rows of the report lane', () => {
  test('are published once, in order, with the stream that comes before theirs', () => {
    const { outbox, sender } = setUp('1', '2');
    outbox.begin('s2');
    outbox.add('report', '3');
    const batches = due(sender, 0);
    expect(show(batches)).toEqual(['s1: 1 2', 's2: 1']);
    expect(batches.map(({ after }) => after)).toEqual([undefined, { stream: 's1', sequence: 2 }]);
    expect(due(sender, 0)).toEqual([]);
    outbox.add('report', '4');
    expect(show(due(sender, 0))).toEqual(['s2: 2']);
  });

  test('are at most 256 frames under way, and an answer to one lets the next follow, also of those that failed before', () => {
    const { outbox, sender } = setUp();
    const one = (): readonly EventBatch[] => {
      outbox.add('report', 'x');
      return due(sender, 0);
    };
    const batches = Array.from({ length: 256 }, one).flat();
    expect(batches).toHaveLength(256);
    expect(one()).toEqual([]);
    const [first, second] = batches;
    sender.settled(first!, 'confirmed', 0);
    expect(show(due(sender, 0))).toEqual(['s1: 257']);
    sender.settled(second!, 'nacked', 0);
    expect(one()).toHaveLength(1);
    expect([due(sender, 60_000), sender.wakeAt()]).toEqual([[], undefined]);
    sender.settled(batches[2]!, 'confirmed', 60_000);
    expect([show(due(sender, 60_000)), sender.wakeAt()]).toEqual([['s1: 1'], undefined]);
  });

  test('stay in the outbox after the confirm, until the server has applied them', async () => {
    const { outbox, sender } = setUp('1', '2');
    publish(sender, 0);
    expect(outbox.rows).toHaveLength(2);
    expect(await sender.applied('s1', 1)).toEqual(ok(undefined));
    expect(outbox.rows.map(({ sequence }) => sequence)).toEqual([2]);
    await sender.applied('s1', 2);
    expect(outbox.rows).toEqual([]);
    expect(sender.wakeAt()).toBeUndefined();
  });

  test('go by frames of at most 512 rows and 96 KiB', () => {
    const { sender } = setUp(...Array<string>(600).fill('x'), ...Array<string>(3).fill('y'.repeat(60_000)));
    expect(due(sender, 0).map(({ rows }) => rows.length)).toEqual([512, 89, 1, 1]);
  });

  test('wait when 4,096 of them are published and not applied', async () => {
    const { sender } = setUp(...Array<string>(5_000).fill('x'));
    expect(due(sender, 0).map(({ rows }) => rows.length)).toEqual(Array(8).fill(512));
    await sender.applied('s1', 512);
    expect(due(sender, 0).map(({ rows }) => rows.length)).toEqual([512]);
  });

  test('wait when 8 MiB of them are published and not applied', () => {
    const { sender } = setUp(...Array<string>(20).fill('y'.repeat(1_000_000)));
    expect(due(sender, 0)).toHaveLength(9);
  });
});

describe('silence of the server', () => {
  test('leads to another attempt after 5 s, and then after twice as long each time, up to a minute', () => {
    const { sender } = setUp('1');
    publish(sender, 0);
    const times: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const at = sender.wakeAt()!;
      expect(due(sender, at - 1)).toEqual([]);
      expect(publish(sender, at)).toEqual(['s1: 1']);
      times.push(at);
    }
    expect(times.map((at, index) => at - (times[index - 1] ?? 0))).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('costs one frame at a time, however many are unanswered; the first answer brings the next one', async () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0);
    outbox.add('report', '2');
    publish(sender, 0);
    outbox.add('report', '3');
    publish(sender, 0);
    expect(publish(sender, 5_000)).toEqual(['s1: 1']);
    expect(publish(sender, 5_000)).toEqual([]);
    await sender.applied('s1', 1);
    expect(publish(sender, 5_001)).toEqual(['s1: 2']);
    await sender.applied('s1', 3);
    expect(publish(sender, 1e9)).toEqual([]);
  });

  test('does not count while the broker has not answered', () => {
    const { sender } = setUp('1');
    due(sender, 0);
    expect(sender.wakeAt()).toBeUndefined();
    expect(due(sender, 1e9)).toEqual([]);
  });
});

describe('a new connection', () => {
  test('sends everything unapplied again from the start', async () => {
    const { outbox, sender } = setUp('1', '2');
    publish(sender, 0);
    outbox.add('report', '3');
    publish(sender, 0);
    await sender.applied('s1', 1);
    sender.connected();
    expect(publish(sender, 0)).toEqual(['s1: 2 3']);
  });

  test('makes answers of the old one count no more', () => {
    const { sender } = setUp('1');
    const [old] = due(sender, 0);
    sender.connected();
    due(sender, 0);
    sender.settled(old!, 'nacked', 0);
    expect(due(sender, 1e9)).toEqual([]);
  });
});

describe('what the server asks for', () => {
  test('is sent again at once when it is in the outbox, and nothing else is', async () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0);
    outbox.add('report', '2');
    publish(sender, 0);
    outbox.add('report', '3');
    publish(sender, 0);
    sender.resend('s1', 1, 2);
    expect(publish(sender, 1)).toEqual(['s1: 1', 's1: 2']);
  });

  test('and is gone from the outbox, is answered with a tombstone for just that', async () => {
    const { outbox, sender } = setUp('1', '2', '3', '4', '5');
    publish(sender, 0);
    await sender.applied('s1', 3);
    outbox.add('report', '6');
    publish(sender, 0);
    sender.resend('s1', 2, 5);
    const [lost, ...rest] = due(sender, 0);
    expect(lost?.rows.map(rangeOf)).toEqual(['2-3']);
    expect(reason(lost?.rows[0])).toEqual({ from: 2, to: 3 });
    expect(show(rest)).toEqual(['s1: 4 5']);
  });

  test('and is gone, with its whole stream, is answered in the name of that stream and of the one before it', async () => {
    const { outbox, sender } = setUp('1');
    outbox.begin('s2');
    outbox.add('report', '2', '3');
    outbox.begin('s3');
    outbox.rows = [];
    sender.resend('s2', 1, 2);
    const [lost] = due(sender, 0);
    expect(lost).toMatchObject({ stream: 's2', after: { stream: 's1', sequence: 1 } });
    expect(reason(lost?.rows[0])).toEqual({ from: 1, to: 2 });
  });

  test('beyond the end that a restored file knows of an earlier stream is lost, and told so', () => {
    const { outbox, sender } = setUp('1', '2');
    outbox.begin('s2');
    publish(sender, 0);
    sender.resend('s1', 3, 7);
    expect(reason(due(sender, 0)[0]?.rows[0])).toEqual({ from: 3, to: 7 });
  });

  test('beyond what the current stream has sent is not lost: it may still come', () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0);
    sender.resend('s1', 2, 9);
    expect(due(sender, 0)).toEqual([]);
    outbox.add('report', '2');
    sender.resend('s1', 2, 9);
    expect(show(due(sender, 0))).toEqual(['s1: 2']);
  });

  test('of a stream that is not of this outbox is not answered', () => {
    const { sender } = setUp('1');
    publish(sender, 0);
    sender.resend('of another', 1, 9);
    expect(due(sender, 0)).toEqual([]);
  });

  test('twice before it was answered is answered once', async () => {
    const { sender } = setUp('1', '2');
    publish(sender, 0);
    await sender.applied('s1', 2);
    sender.resend('s1', 1, 2);
    sender.resend('s1', 1, 2);
    expect(due(sender, 0)).toHaveLength(1);
  });
});

describe('rows that gave way', () => {
  test('after they were sent are sent again as their tombstone', () => {
    const { outbox, sender } = setUp('1', '2', '3');
    publish(sender, 0, 'unconfirmed');
    outbox.drop(2, 3);
    expect(publish(sender, 500)).toEqual(['s1: 1 2-3']);
  });

  test('across the end of a frame are told of in both', () => {
    const { outbox, sender } = setUp('1', '2');
    publish(sender, 0);
    outbox.add('report', '3', '4');
    publish(sender, 0);
    outbox.drop(2, 3);
    sender.resend('s1', 1, 4);
    expect(publish(sender, 500)).toEqual(['s1: 1 2-3', 's1: 2-3 4']);
  });

  test('while they waited are not missed', () => {
    const { outbox, sender } = setUp('1', '2', '3');
    outbox.drop(1, 2);
    expect(publish(sender, 0)).toEqual(['s1: 1-2 3']);
  });
});

describe('an answer of the server', () => {
  test('beyond what was given out is ignored', async () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0);
    await sender.applied('s1', 2);
    expect(outbox.rows).toHaveLength(1);
    expect(publish(sender, 5_000)).toEqual(['s1: 1']);
  });

  test('that could not be written down is brought about again', async () => {
    const { outbox, sender } = setUp('1');
    publish(sender, 0);
    outbox.answer = fail('outbox_unwritable', 'disk full');
    expect(await sender.applied('s1', 1)).toMatchObject({ ok: false, error: { code: 'outbox_unwritable' } });
    outbox.answer = ok(undefined);
    expect(publish(sender, 5_000)).toEqual(['s1: 1']);
  });
});
