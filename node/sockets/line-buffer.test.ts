import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { LineBuffer } from './line-buffer.ts';
import { Holding, SharedMemory } from './memory.ts';

const megabyte = 1024 * 1024;

const bufferOf = (shared: SharedMemory, own = 0): LineBuffer => new LineBuffer(new Holding(shared, own));

/** Everything the buffer has to give, as text: a line is only valid until the next append. */
const linesOf = (buffer: LineBuffer): string[] => {
  const lines: string[] = [];
  for (let line = buffer.next(); line !== undefined; line = buffer.next()) lines.push(Buffer.from(line).toString('latin1'));
  return lines;
};

describe('a line buffer', () => {
  test('gives out the same lines however the bytes are cut, and its memory back', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 5000 });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (bytes, cuts) => {
        const shared = new SharedMemory(megabyte);
        const buffer = bufferOf(shared);
        const lines: string[] = [];
        for (let start = 0, cut = 0; start < bytes.length; cut += 1) {
          const end = start + (cuts[cut % cuts.length] ?? 1);
          expect(buffer.append(Buffer.from(bytes.slice(start, end), 'latin1'))).toBe(true);
          lines.push(...linesOf(buffer));
          start = end;
        }
        const whole = bytes.split('\n');
        expect(buffer.length).toBe(whole.pop()?.length);
        expect(lines).toEqual(whole);
        buffer.clear();
        expect(shared.take(megabyte)).toBe(true);
      }),
    );
  });

  test('holds no more than twice what waits in it', () => {
    const shared = new SharedMemory(megabyte);
    const buffer = bufferOf(shared);
    for (let bytes = 0; bytes < 100_000; bytes += 1) buffer.append(Buffer.from('x'));
    expect(shared.take(megabyte - 200_000)).toBe(true);
  });

  test('takes nothing when it is refused the memory, and keeps what it has', () => {
    const shared = new SharedMemory(3000);
    const buffer = bufferOf(shared);
    expect(buffer.append(Buffer.from('first\nsecond'))).toBe(true);
    expect(buffer.append(Buffer.alloc(4000))).toBe(false);
    expect(buffer.append(Buffer.from('\n'))).toBe(true);
    expect(linesOf(buffer)).toEqual(['first', 'second']);
  });
});

describe('memory on behalf of clients', () => {
  test('each has a little of its own that the others cannot take', () => {
    const shared = new SharedMemory(100);
    const greedy = new Holding(shared, 10);
    const modest = new Holding(shared, 10);
    expect(greedy.change(110)).toBe(true);
    expect(greedy.change(1)).toBe(false);
    expect(modest.change(10)).toBe(true);
    expect(modest.change(1)).toBe(false);
    greedy.change(-1);
    expect(modest.change(1)).toBe(true);
  });

  test('the pool is whole again when all have let go, whatever they did', () => {
    const step = fc.record({ holder: fc.nat(3), change: fc.integer({ min: -50, max: 50 }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const shared = new SharedMemory(100);
        const holders = Array.from({ length: 4 }, () => ({ holding: new Holding(shared, 10), held: 0 }));
        for (const { holder, change } of steps) {
          const { holding, held } = holders[holder]!;
          const by = Math.max(change, -held);
          if (holding.change(by)) holders[holder]!.held += by;
        }
        for (const { holding, held } of holders) holding.change(-held);
        expect([shared.take(101), shared.take(100)]).toEqual([false, true]);
      }),
    );
  });
});
