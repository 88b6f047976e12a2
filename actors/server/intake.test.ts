import { describe, expect, test } from '@jest/globals';
import type { FrameOf } from '../../protocol/frames.ts';
import { fail, ok } from '../../protocol/result.ts';
import { Intake, type IntakeBounds, type IntakeStep } from './intake.ts';
import type { Batch } from './ports.ts';

const from = { cluster: 'lab', node: 'n1' };
const other = { cluster: 'lab', node: 'n2' };

type Entry = FrameOf<'events'>['body']['entries'][number];

let ids = 0;
const newId = (): string => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`;

const log = (sequence: number, message = 'm'): Entry => ({ sequence, event: { kind: 'log', id: newId(), at: 0, level: 'info', priority: 'low', message } });
const dropped = (sequence: number, first: number, last: number): Entry => ({
  sequence,
  event: { kind: 'dropped', id: newId(), at: 0, from: first, to: last, reason: 'full' },
});
const frame = (stream: string, entries: readonly Entry[], after?: { readonly stream: string; readonly sequence: number }): FrameOf<'events'>['body'] => ({
  stream,
  lane: 'report',
  entries: [...entries],
  ...(after === undefined ? {} : { after }),
});

/** An intake before a store that is as far as the test says. */
const setUp = (bounds?: IntakeBounds) => {
  const applied = new Map<string, number>();
  const intake = new Intake({ appliedOf: (stream) => applied.get(stream) ?? 0 }, bounds);
  const receive = (entries: readonly Entry[], options: { stream?: string; after?: { stream: string; sequence: number }; now?: number; node?: typeof from } = {}) =>
    intake.received(options.node ?? from, frame(options.stream ?? 's', entries, options.after), options.now ?? 0);
  /** The store takes a batch. */
  const apply = (batch: Batch, now = 0): readonly IntakeStep[] => {
    const through = Math.max(...batch.entries.map((entry) => entry.through));
    applied.set(batch.stream, through);
    return intake.settled(batch, ok({ outcome: 'applied', applied: through, stored: [] }), now);
  };
  return { applied, apply, intake, receive };
};

const show = (steps: readonly IntakeStep[]): readonly string[] =>
  steps.map((step) => {
    switch (step.type) {
      case 'apply':
        return `apply ${step.batch.stream}: ${step.batch.entries.map(({ sequence, through }) => (sequence === through ? sequence : `${sequence}-${through}`)).join(' ')}`;
      case 'applied':
        return `applied ${step.body.stream}: ${step.body.sequence}`;
      case 'resend':
        return `resend ${step.body.stream}: ${step.body.from}-${step.body.to}`;
      case 'conflict':
        return `conflict ${step.batch.stream}: ${step.owner.node}`;
    }
  });

const batchOf = (steps: readonly IntakeStep[]): Batch => {
  const step = steps.find(({ type }) => type === 'apply');
  if (step?.type !== 'apply') throw new Error('nothing is to be applied');
  return step.batch;
};

describe('entries that come in order', () => {
  test('are applied as they came, and answered when the store has them', () => {
    const { apply, intake, receive } = setUp();
    const steps = receive([log(1), log(2)]);
    expect(show(steps)).toEqual(['apply s: 1 2']);
    expect(show(apply(batchOf(steps)))).toEqual(['applied s: 2']);
    expect(intake.held).toEqual({ entries: 0, bytes: 0 });
  });

  test('wait while a batch of their lane is with the store, then go together', () => {
    const { apply, receive } = setUp();
    const first = receive([log(1)]);
    expect(receive([log(2)])).toEqual([]);
    expect(receive([log(3)])).toEqual([]);
    expect(show(apply(batchOf(first)))).toEqual(['applied s: 1', 'apply s: 2 3']);
  });

  test('of two lanes do not wait for each other', () => {
    const { receive } = setUp();
    receive([log(1)]);
    expect(show(receive([log(1)], { stream: 't' }))).toEqual(['apply t: 1']);
  });

  test('go to the store at most 2,048 at a time', () => {
    const { apply, receive } = setUp();
    const steps = receive(Array.from({ length: 2_136 }, (_, index) => log(index + 1)));
    expect(batchOf(steps).entries).toHaveLength(2_048);
    expect(batchOf(apply(batchOf(steps))).entries).toHaveLength(88);
  });
});

describe('entries that come early', () => {
  test('are held, and what is missing is asked for', () => {
    const { apply, receive } = setUp();
    expect(show(receive([log(4), log(5)]))).toEqual(['resend s: 1-3']);
    const steps = receive([log(1), log(2), log(3)]);
    expect(show(steps)).toEqual(['apply s: 1 2 3 4 5']);
    expect(show(apply(batchOf(steps)))).toEqual(['applied s: 5']);
  });

  test('in any order within a frame are put into theirs', () => {
    const { receive } = setUp();
    expect(show(receive([log(3), log(1), log(2)]))).toEqual(['apply s: 1 2 3']);
  });

  test('are asked for once a second at most, but at once when something else is missing', () => {
    const { apply, receive } = setUp();
    expect(show(receive([log(4)], { now: 0 }))).toEqual(['resend s: 1-3']);
    expect(receive([log(5)], { now: 999 })).toEqual([]);
    expect(show(receive([log(6)], { now: 1_000 }))).toEqual(['resend s: 1-3']);
    const steps = receive([log(1)], { now: 1_001 });
    expect(show(apply(batchOf(steps), 1_001))).toEqual(['applied s: 1', 'resend s: 2-3']);
  });
});

describe('entries that come again', () => {
  test('are answered with how far the store is, and not applied', () => {
    const { applied, receive } = setUp();
    applied.set('s', 5);
    expect(show(receive([log(4), log(5)]))).toEqual(['applied s: 5']);
  });

  test('together with new ones are answered by the outcome of those', () => {
    const { applied, receive } = setUp();
    applied.set('s', 5);
    expect(show(receive([log(5), log(6)]))).toEqual(['apply s: 6']);
  });

  test('while they are with the store do nothing', () => {
    const { apply, intake, receive } = setUp();
    const steps = receive([log(1)]);
    expect(receive([log(1)])).toEqual([]);
    expect(show(apply(batchOf(steps)))).toEqual(['applied s: 1']);
    expect(intake.held.entries).toBe(0);
  });
});

describe('a stream after another', () => {
  const after = { stream: 'r', sequence: 3 };

  test('waits until that is applied as far as it says, and asks for the rest', () => {
    const { applied, apply, receive } = setUp();
    applied.set('r', 1);
    expect(show(receive([log(1)], { after }))).toEqual(['resend r: 2-3']);
    const steps = receive([log(2), log(3)], { stream: 'r' });
    expect(show(steps)).toEqual(['apply r: 2 3']);
    expect(show(apply(batchOf(steps)))).toEqual(['applied r: 3', 'apply s: 1']);
  });

  test('that is applied far enough does not wait', () => {
    const { applied, receive } = setUp();
    applied.set('r', 3);
    expect(show(receive([log(1)], { after }))).toEqual(['apply s: 1']);
  });

  test('does not wait once anything of it is applied', () => {
    const { applied, receive } = setUp();
    applied.set('s', 1);
    expect(show(receive([log(2)], { after }))).toEqual(['apply s: 2']);
  });

  test('asks for its own gap only when the one before is whole', () => {
    const { apply, receive } = setUp();
    expect(show(receive([log(5)], { after }))).toEqual(['resend r: 1-3']);
    const steps = receive([dropped(1, 1, 3)], { stream: 'r' });
    expect(show(steps)).toEqual(['apply r: 1-3']);
    expect(show(apply(batchOf(steps)))).toEqual(['applied r: 3', 'resend s: 1-4']);
  });

  test('that is itself waits for ever and harms no other', () => {
    const { receive } = setUp();
    expect(show(receive([log(1)], { after: { stream: 's', sequence: 1 } }))).toEqual(['resend s: 1-1']);
    expect(show(receive([log(1)], { stream: 't' }))).toEqual(['apply t: 1']);
  });
});

describe('tombstones', () => {
  test('stand for all they cover', () => {
    const { apply, receive } = setUp();
    const steps = receive([log(1), dropped(2, 2, 9), log(10)]);
    expect(show(steps)).toEqual(['apply s: 1 2-9 10']);
    expect(show(apply(batchOf(steps)))).toEqual(['applied s: 10']);
  });

  test('that reach back over what is applied still close the gap behind it', () => {
    const { applied, receive } = setUp();
    applied.set('s', 5);
    expect(show(receive([log(10), dropped(4, 4, 9)]))).toEqual(['apply s: 4-9 10']);
  });

  test('take the place of the event they replaced, whichever came first', () => {
    for (const entries of [[log(3), dropped(3, 3, 7)], [dropped(3, 3, 7), log(3)]]) {
      const { receive } = setUp();
      receive(entries);
      expect(show(receive([log(1), log(2)]))).toEqual(['apply s: 1 2 3-7']);
    }
  });
});

describe('what no node of ours would send', () => {
  test('never stops a lane: each entry stands for its own sequence at least', () => {
    const { apply, receive } = setUp();
    const steps = receive([log(1), log(1, 'another'), dropped(2, 9, 4), dropped(3, 5, 8), { sequence: 4, event: 'text' }, { sequence: 5, event: undefined }]);
    expect(show(steps)).toEqual(['apply s: 1 2 3 4 5']);
    const { entries } = batchOf(steps);
    expect(entries.map(({ event }) => (event.ok ? 'read' : event.error.code))).toEqual(['read', ...Array(4).fill('event_unreadable')]);
    expect(entries.slice(3).map(({ raw }) => raw)).toEqual(['"text"', 'null']);
    expect(show(apply(batchOf(steps)))).toEqual(['applied s: 5']);
  });

  test('an empty frame does nothing', () => {
    const { intake, receive } = setUp();
    expect(receive([])).toEqual([]);
    expect(intake.held.entries).toBe(0);
  });

  test('a stream of another node is told apart, and what came is dropped', () => {
    const { intake, receive } = setUp();
    const batch = batchOf(receive([log(1)], { node: other }));
    receive([log(2)], { node: other });
    expect(show(intake.settled(batch, ok({ outcome: 'conflict', owner: from }), 0))).toEqual(['conflict s: n1']);
    expect(intake.held.entries).toBe(0);
    expect(show(receive([log(1)]))).toEqual(['apply s: 1']);
  });
});

describe('a store', () => {
  test('that cannot write is not pressed: the next frame tries again', () => {
    const { intake, receive } = setUp();
    const batch = batchOf(receive([log(1)]));
    expect(intake.settled(batch, fail('store_unwritable', 'disk full'), 0)).toEqual([]);
    expect(show(receive([log(1)]))).toEqual(['apply s: 1']);
  });

  test('that cannot write loses nothing of what is held', () => {
    const { apply, intake, receive } = setUp();
    const batch = batchOf(receive([log(1)]));
    receive([log(2)]);
    intake.settled(batch, fail('store_unwritable', 'disk full'), 0);
    const again = receive([log(1)]);
    expect(show(again)).toEqual(['apply s: 1 2']);
    expect(show(apply(batchOf(again)))).toEqual(['applied s: 2']);
  });

  test('that turns out to be less far is asked for what it lacks', () => {
    const { intake, receive } = setUp();
    const batch = batchOf(receive([log(1)]));
    receive([log(2)]);
    expect(show(intake.settled(batch, ok({ outcome: 'gap', applied: 0 }), 0))).toEqual(['resend s: 1-1']);
  });
});

describe('what is held', () => {
  test('is bounded in one lane: the latest give way', () => {
    const { intake, receive } = setUp();
    for (let first = 2; first < 12_000; first += 500) receive(Array.from({ length: 500 }, (_, index) => log(first + index)));
    expect(intake.held.entries).toBe(8_192);
    expect(batchOf(receive([log(1)])).entries[1]?.sequence).toBe(2);
  });

  test('is bounded over all: the node not heard from for the longest gives way', () => {
    const { intake, receive } = setUp({ entries: 3, bytes: 1_000_000 });
    receive([log(2), log(3)], { stream: 's' });
    receive([log(2), log(3)], { stream: 't', node: other });
    expect(intake.held.entries).toBe(2);
    expect(show(receive([log(1)], { stream: 's' }))).toEqual(['apply s: 1']);
    expect(show(receive([log(1)], { stream: 't', node: other }))).toEqual(['apply t: 1 2 3']);
  });

  test('is bounded in bytes', () => {
    const { intake, receive } = setUp({ entries: 1_000, bytes: 5_000 });
    receive([log(2, 'x'.repeat(3_000))], { stream: 's' });
    receive([log(2, 'x'.repeat(3_000))], { stream: 't', node: other });
    expect(intake.held.entries).toBe(1);
    expect(intake.held.bytes).toBeLessThan(5_000);
  });

  test('never stands in the way of what comes next', () => {
    const { apply, receive } = setUp({ entries: 1, bytes: 1_000_000 });
    receive([log(3), log(4)]);
    const steps = receive([log(1), log(2)]);
    expect(show(steps)).toEqual(['apply s: 1 2']);
    expect(show(apply(batchOf(steps)))).toEqual(['applied s: 2']);
  });
});
