import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockFile } from './file-lock.ts';

let folder: string;
let file: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lock-'));
  file = path.join(folder, 'lock');
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map(kill));
  rmSync(folder, { recursive: true });
});

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
};

/** Another process that takes the lock, says whether it got it, and then stays. */
const contender = async (): Promise<{ child: ChildProcess; got: boolean }> => {
  const script = `
    import { lockFile } from ${JSON.stringify(new URL('file-lock.ts', import.meta.url).href)};
    const lock = lockFile(${JSON.stringify(file)});
    console.log(lock === undefined ? 'refused' : 'held');
    setInterval(() => lock, 60_000);
  `;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [word] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, got: word.toString().trim() === 'held' };
};

describe('a file lock', () => {
  test('belongs to one process, and to the next once that one is killed', async () => {
    const holder = await contender();
    expect(holder.got).toBe(true);
    expect(lockFile(file)).toBeUndefined();
    await kill(holder.child);
    const mine = lockFile(file);
    expect(mine).toBeDefined();
    mine?.release();
  });

  test('of eight that start together exactly one gets it', async () => {
    const contenders = await Promise.all(Array.from({ length: 8 }, contender));
    expect(contenders.filter(({ got }) => got)).toHaveLength(1);
  });

  test('is not lost when the same process asks again', async () => {
    const mine = lockFile(file);
    expect(lockFile(file)).toBeUndefined();
    expect((await contender()).got).toBe(false);
    mine?.release();
  });

  test('can be taken again after a release, and its file is private', () => {
    lockFile(file)?.release();
    const again = lockFile(file);
    expect(again).toBeDefined();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    again?.release();
  });

  test('a file that is no lock of ours is an error and stays as it is', () => {
    writeFileSync(file, 'precious '.repeat(1000));
    expect(() => lockFile(file)).toThrow('not a database');
    expect(statSync(file).size).toBe(9000);
  });
});
