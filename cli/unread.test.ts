import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unread } from './unread.ts';

const writeOutFile = fileURLToPath(new URL('write-out.ts', import.meta.url));
const moduleFile = fileURLToPath(new URL('unread.ts', import.meta.url));

/** Runs a script with its output in a pipe of the shell, whose reader is `reader`; what it says on standard error. */
const into = async (reader: string, script: string): Promise<string> => {
  const program = `import { unread } from ${JSON.stringify(moduleFile)}; ${script}`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  return (await promisify(execFile)('sh', ['-c', `"$0" "$@" | ${reader}`, ...node])).stderr;
};

test('a pipe whose reader has gone is told of, with nothing more to print', async () => {
  const script = "process.stdout.write('first\\n'); await unread(1, new AbortController().signal); console.error('gone');";
  expect(await into('head -n 1 > /dev/null', script)).toBe('gone\n');
});

test('a pipe that is read is not, and the waiting ends when it is told to', async () => {
  // The reader ends with the last that may write: nothing that was begun for it is left.
  const script = "const end = new AbortController(); unread(1, end.signal).then(() => console.error('gone')); setTimeout(() => end.abort(), 300);";
  expect(await into('cat > /dev/null', script)).toBe('');
});

test('a text that nobody can read any more says so', async () => {
  const writes = `import { writeOut } from ${JSON.stringify(writeOutFile)}; while (writeOut(1, 'text\\n') === 'written'); console.error('gone');`;
  expect(await into('head -n 1 > /dev/null', writes)).toBe('gone\n');
});

test('what is no pipe is never told of, nor begun with', async () => {
  const descriptor = openSync('/dev/null', 'w');
  let told = false;
  void unread(descriptor, new AbortController().signal).then(() => (told = true));
  closeSync(descriptor);
  await new Promise(setImmediate);
  expect(told).toBe(false);
});
