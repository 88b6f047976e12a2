import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { judge, type Attempt } from './judge.ts';

const attempt = (client: string, number: number, told: Attempt['told'] = 'accepted'): Attempt => ({ client, message: `${client} ${number}`, told });

const a = [attempt('a', 1), attempt('a', 2), attempt('a', 3)];
const b = [attempt('b', 1), attempt('b', 2, 'spooled'), attempt('b', 3)];

const fine = { lost: [], doubled: [], misplaced: [], unknown: [] };

describe('the judge of a crash run', () => {
  test('finds nothing wrong when everything arrived once and in order', () => {
    const stored = ['a 1', 'b 1', 'a 2', 'b 2', 'b 3', 'a 3'];
    expect(judge([...a, ...b], stored)).toEqual({ accepted: 6, stored: 6, ...fine });
  });

  test('finds what was accepted and did not arrive, spooled or not', () => {
    expect(judge([...a, ...b], ['a 1', 'b 1', 'a 3', 'b 3'])).toEqual({ accepted: 6, stored: 4, ...fine, lost: ['a 2', 'b 2'] });
  });

  test('finds what arrived twice, and counts it once', () => {
    expect(judge(a, ['a 1', 'a 2', 'a 2', 'a 3', 'a 2'])).toEqual({ accepted: 3, stored: 3, ...fine, doubled: ['a 2'] });
  });

  test('misses nothing that its client knows refused, but takes it when it arrives', () => {
    const refused = [attempt('a', 1), attempt('a', 2, 'refused'), attempt('a', 3, 'refused')];
    expect(judge(refused, ['a 1', 'a 3'])).toEqual({ accepted: 1, stored: 2, ...fine });
  });

  test('finds what stands before a message that its client knew accepted when it sent it', () => {
    expect(judge(a, ['a 2', 'a 1', 'a 3'])).toEqual({ accepted: 3, stored: 3, ...fine, misplaced: ['a 2'] });
  });

  test('lets a message overtake one that only the spool had, and nothing else', () => {
    expect(judge(b, ['b 1', 'b 3', 'b 2'])).toEqual({ accepted: 3, stored: 3, ...fine });
    expect(judge(b, ['b 2', 'b 1', 'b 3'])).toEqual({ accepted: 3, stored: 3, ...fine, misplaced: ['b 2'] });
  });

  test('finds what nobody sent', () => {
    expect(judge(a, ['a 1', 'a 2', 'a 3', 'a 4'])).toEqual({ accepted: 3, stored: 4, ...fine, unknown: ['a 4'] });
  });

  test('finds every loss and every repeat that is planted anywhere', () => {
    const attempts = Array.from({ length: 60 }, (_, index) => attempt(`c${index % 3}`, Math.floor(index / 3)));
    const messages = attempts.map(({ message }) => message);
    const some = fc.subarray(messages);
    fc.assert(
      fc.property(some, some, (lost, doubled) => {
        const stored = messages.filter((message) => !lost.includes(message)).flatMap((message) => (doubled.includes(message) ? [message, message] : [message]));
        const repeats = doubled.filter((message) => !lost.includes(message));
        expect(judge(attempts, stored)).toEqual({ accepted: 60, stored: 60 - lost.length, ...fine, lost, doubled: repeats });
      }),
    );
  });
});
