import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { standardError } from './standard-error.ts';

test('a program whose standard error nobody reads goes on, and says how many lines are missing when somebody does', async () => {
  const child = spawn(process.execPath, ['--no-warnings', path.join(import.meta.dirname, 'testing', 'chatterbox.ts')], { stdio: 'pipe' });
  try {
    await expect(once(createInterface({ input: child.stdout }), 'line')).resolves.toEqual(['alive']);
    const lines: string[] = [];
    const all = Promise.withResolvers<void>();
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      // Told until there was room for it.
      if (line.startsWith('lost') || line === 'after') all.resolve();
      else if (lines.length % 1_000 === 0) child.stdin.write('after\n');
    });
    await all.promise;
    const numbered = lines.filter((line) => /^\d+$/.test(line)).map(Number);
    expect(numbered).toEqual(Array.from({ length: numbered.length }, (_, index) => index));
    expect(lines.find((line) => !/^\d+$/.test(line))).toMatch(/^lost \d+$/);
  } finally {
    child.kill('SIGKILL');
  }
});

test('lines come as they are while there is room, and a stream that fails harms no one', () => {
  const written: string[] = [];
  let fail = (): void => undefined;
  let writableLength = 0;
  const stream = {
    get writableLength() {
      return writableLength;
    },
    write: (text: string) => written.push(text),
    on: (_event: 'error', listener: () => void) => (fail = listener),
  };
  const sink = standardError({ stream, gap: (lines) => `lost ${lines}\n` });
  sink.write('a\n');
  writableLength = 2 * 1024 * 1024;
  for (const line of ['b\n', 'c\n']) sink.write(line);
  fail();
  writableLength = 0;
  for (const line of ['d\n', 'e\n']) sink.write(line);
  expect(written).toEqual(['a\n', 'lost 2\n', 'd\n', 'e\n']);
});
