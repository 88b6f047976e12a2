import { expect, test } from '@jest/globals';
import { hostName } from './host-name.ts';

test.each(['n', '7', 'ip-0A1B2C3D', 'execute_7', 'a.b-c.example', `${'a'.repeat(63)}.lan`, Array(126).fill('a').join('.')])('%s is the name of a host', (name) => {
  expect(hostName.safeParse(name).success).toBe(true);
});

test.each(['', ' ', 'a b', 'a\n', 'a\u001b[31m', '-a', 'a-', 'a..b', '.a', 'a.', 'ä', 'a/b', 'a'.repeat(64), Array(128).fill('a').join('.')])('%j is none', (name) => {
  expect(hostName.safeParse(name).success).toBe(false);
});
