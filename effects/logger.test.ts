import { expect, test } from '@jest/globals';
import { silentLogger } from './logger.ts';

test('the silent logger takes every line and every child of it', () => {
  const child = silentLogger.child({ node: 'a' });
  for (const level of ['debug', 'info', 'warn', 'error'] as const) expect(child[level]('line', { n: 1 })).toBeUndefined();
});
