import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withPipe } from './named-pipe.ts';

test('what killed daemons left of their pipes goes with the first one of the next; what is in use, or is not ours to remove, stays', async () => {
  const ended = spawn('true');
  await once(ended, 'exit');
  const [gone, own, inUse, other, file] = [`jetpack-pipe-${ended.pid}-`, `jetpack-pipe-${process.pid}-`, `jetpack-pipe-${process.ppid}-`, 'jetpack-pipe-x-', `jetpack-pipe-${ended.pid}-`].map((name) =>
    path.join(tmpdir(), name + randomUUID()),
  );
  for (const folder of [gone, own, inUse, other]) mkdirSync(folder!);
  writeFileSync(path.join(gone!, 'output'), '');
  writeFileSync(file!, '');
  try {
    const seen = await withPipe((pipe) => [existsSync(pipe), path.basename(path.dirname(pipe)).startsWith(`jetpack-pipe-${process.pid}-`)]);
    expect(seen).toEqual([true, true]);
    expect([gone, own, inUse, other, file].map((left) => existsSync(left!))).toEqual([false, false, true, true, true]);
  } finally {
    for (const left of [gone, own, inUse, other, file]) rmSync(left!, { recursive: true, force: true });
  }
});

test('the pipe and its folder are gone afterwards, also when they could not be opened', async () => {
  const made = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith(`jetpack-pipe-${process.pid}-`));
  const before = made();
  await expect(withPipe(() => {
    expect(made().length).toBe(before.length + 1);
    throw new Error('no handles');
  })).rejects.toThrow('no handles');
  expect(made()).toEqual(before);
});
