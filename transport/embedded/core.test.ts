import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ManualClock } from '../../effects/manual-clock.ts';
import { EmbeddedCore } from './core.ts';
import { storedFrom } from './stored.ts';

/** AMQP 0-9-1, section 3.1.3.3: `*` stands for exactly one word, `#` for zero or more. */
const matches = ([head, ...pattern]: readonly string[], words: readonly string[]): boolean => {
  if (head === undefined) return words.length === 0;
  if (head === '#') return matches(pattern, words) || (words.length > 0 && matches([head, ...pattern], words.slice(1)));
  const [word, ...rest] = words;
  return word !== undefined && (head === '*' || head === word) && matches(pattern, rest);
};

const stored = (exchange: string, routingKey: string) =>
  storedFrom({ exchange, routingKey, body: new Uint8Array(), messageId: 'm', persistent: false });

describe('what the embedded broker holds', () => {
  test('a topic pattern matches exactly the keys AMQP says it does', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 });
    const patterns = fc.array(fc.constantFrom('a', 'b', '*', '#'), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(patterns, words, (pattern, key) => {
        const core = new EmbeddedCore(new ManualClock());
        core.declare({
          exchanges: [{ name: 'x', type: 'topic' }],
          queues: [{ name: 'q', type: 'classic' }],
          bindings: [{ exchange: 'x', queue: 'q', key: pattern.join('.') }],
        });
        expect(core.publish(stored('x', key.join('.')))).toBe(matches(pattern, key));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['queue q exists with type classic, not quorum', { queues: [{ name: 'q', type: 'quorum' } as const] }],
    ['queue q exists with maxLength 1, not unset', { queues: [{ name: 'q', type: 'classic' } as const] }],
    ['exchange x exists with alternate unset, not y', { exchanges: [{ name: 'x', type: 'topic', alternate: 'y' } as const] }],
  ])('declaring something otherwise is refused: %s', (reason, other) => {
    const core = new EmbeddedCore(new ManualClock());
    const topology = {
      exchanges: [{ name: 'x', type: 'topic' } as const],
      queues: [{ name: 'q', type: 'classic', maxLength: 1 } as const],
      bindings: [],
    };
    expect(core.declare(topology).ok).toBe(true);
    expect(core.declare(topology).ok).toBe(true);
    expect(core.declare({ ...topology, ...other })).toEqual({ ok: false, error: { code: 'topology_mismatch', message: reason } });
  });

  test('alternates that name each other route nothing and end', () => {
    const core = new EmbeddedCore(new ManualClock());
    const exchanges = [
      { name: 'x', type: 'topic', alternate: 'y' } as const,
      { name: 'y', type: 'topic', alternate: 'x' } as const,
    ];
    core.declare({ exchanges, queues: [], bindings: [] });
    expect(core.publish(stored('x', 'k'))).toBe(false);
  });
});
