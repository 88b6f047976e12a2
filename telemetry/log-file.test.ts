import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../effects/manual-clock.ts';
import { LogFile, type LogFileOptions } from './log-file.ts';
import { runChild } from './testing/child.ts';
import { until } from './testing/until.ts';

let folder = '';
let file = '';
const clock = new ManualClock();
const problems: string[] = [];
const opened: LogFile[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'log-file-'));
  file = path.join(folder, 'logs', 'test.log');
  problems.length = 0;
});

afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
  rmSync(folder, { recursive: true });
});

const open = (options: Partial<LogFileOptions> = {}): LogFile => {
  const log = new LogFile({ path: file, clock, onProblem: (reason) => problems.push(reason), ...options });
  opened.push(log);
  return log;
};

/** Empty while there is no such file, as in the middle of a rotation. */
const text = (name = file): string => {
  try {
    return readFileSync(name, 'utf8');
  } catch {
    return '';
  }
};
const holds = (wanted: string) => (): boolean => text().includes(wanted);

describe('a log file', () => {
  test('holds the lines in order once it is closed, and takes none after', async () => {
    const log = open();
    for (let line = 0; line < 1000; line += 1) log.write(`line ${line}\n`);
    const closing = log.close();
    log.write('too late\n');
    expect(log.close()).toBe(closing);
    await closing;
    expect(text()).toBe(Array.from({ length: 1000 }, (_, line) => `line ${line}\n`).join(''));
  });

  test('goes on in the file that is there', async () => {
    mkdirSync(path.dirname(file));
    writeFileSync(file, 'from before\n');
    const log = open();
    log.write('now\n');
    await log.close();
    expect(text()).toBe('from before\nnow\n');
  });

  test('is private to owner and group from its first instant, and so is its folder', async () => {
    const log = open();
    log.write('x\n');
    await log.close();
    expect(statSync(file).mode & 0o777).toBe(0o640 & ~process.umask());
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o750 & ~process.umask());
  });

  test('makes nothing before its first line', async () => {
    await open().close();
    expect(existsSync(path.dirname(file))).toBe(false);
  });
});

describe('the bound on a log', () => {
  test('holds under many lines: so many files, so large each, and the newest lines without a gap', async () => {
    const log = open({ maxBytes: 100_000, files: 3 });
    let last = 0;
    for (let burst = 0; burst < 40; burst += 1) {
      for (let line = 0; line < 1000; line += 1) log.write(`${String((last += 1)).padStart(50)}\n`);
      await until(holds(`${last}\n`));
    }
    await log.close();
    const names = readdirSync(path.dirname(file)).sort();
    expect(names).toEqual(['test.log', 'test.log.1', 'test.log.2']);
    for (const name of names) {
      const { mode, size } = statSync(path.join(folder, 'logs', name));
      expect(size).toBeLessThanOrEqual(100_000);
      expect(mode & 0o777).toBe(0o640 & ~process.umask());
    }
    const kept = [2, 1].map((age) => text(`${file}.${age}`)).join('') + text();
    const numbers = kept.trim().split(/\s+/).map(Number);
    expect(numbers.at(-1)).toBe(last);
    expect(numbers.every((value, index) => index === 0 || value === (numbers[index - 1] ?? 0) + 1)).toBe(true);
  });

  test('holds in memory too: what comes faster than it can be written is counted, and the count is written', async () => {
    const log = open();
    const line = `${'x'.repeat(1023)}\n`;
    for (let count = 0; count < 10_000; count += 1) log.write(line);
    await log.close();
    const written = text().split('\n').filter((one) => one.startsWith('xxx')).length;
    expect(written).toBeLessThan(10_000);
    const told = [...text().matchAll(/ WARN (\d+) lines of this log were lost: they came faster than it could be written$/gm)].map(([, count]) => Number(count));
    expect(told).toEqual([10_000 - written]);
  });
});

describe('a log file that someone else touches', () => {
  test('is begun anew under its name when it was moved away', async () => {
    const log = open();
    log.write('one\n');
    await until(holds('one'));
    await clock.advance(1000);
    log.write('two\n');
    await until(holds('two'));
    renameSync(file, `${file}.moved`);
    await clock.advance(1000);
    log.write('three\n');
    await log.close();
    expect([text(`${file}.moved`), text()]).toEqual(['one\ntwo\n', 'three\n']);
  });

  test('is rotated by its own size after someone emptied it', async () => {
    const log = open({ maxBytes: 100 });
    log.write(`${'x'.repeat(90)}\n`);
    await until(holds('x\n'));
    writeFileSync(file, '');
    await clock.advance(1000);
    log.write(`${'y'.repeat(90)}\n`);
    await log.close();
    expect(readdirSync(path.dirname(file))).toEqual(['test.log']);
    expect(text()).toBe(`${'y'.repeat(90)}\n`);
  });

  test('is begun anew when it was removed, with its folder', async () => {
    const log = open();
    log.write('one\n');
    await until(holds('one'));
    rmSync(path.dirname(file), { recursive: true });
    await clock.advance(1000);
    log.write('two\n');
    await log.close();
    expect(text()).toBe('two\n');
    expect(problems).toEqual([]);
  });
});

describe('a log that cannot be written', () => {
  test('loses nothing: what came meanwhile is written a second later', async () => {
    mkdirSync(file, { recursive: true });
    const log = open();
    log.write('one\n');
    await until(() => problems.length === 1);
    log.write('two\n');
    rmdirSync(file);
    await clock.advance(1000);
    log.write('three\n');
    await until(holds('three\n'));
    expect(text()).toBe('one\ntwo\nthree\n');
  });

  test('says so once, and closes all the same', async () => {
    mkdirSync(file, { recursive: true });
    const log = open();
    log.write('one\n');
    await until(() => problems.length === 1);
    await log.close();
    expect(problems).toEqual([expect.stringContaining(`${file} cannot be written: EISDIR`)]);
  });

  test('is tried once more when it closes', async () => {
    mkdirSync(file, { recursive: true });
    const log = open();
    log.write('one\n');
    await until(() => problems.length === 1);
    rmdirSync(file);
    await log.close();
    expect(text()).toBe('one\n');
  });

  test('because the disk is full never ends the program, holds no half line, and goes on when there is room', async () => {
    const { code, stdout, stderr } = await runChild(new URL('testing/full-disk.ts', import.meta.url), [file], {}, 'ulimit -f 8');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = JSON.parse(stdout) as { problems: string[]; number: number; full: string; left: string };
    expect(told.problems).toEqual([expect.stringContaining('EFBIG')]);
    expect(`${told.full}${told.left}`.replaceAll(/ +\n/g, '\n').split('\n')).toEqual([
      ...Array.from({ length: told.number }, (_, index) => String(index + 1)),
      'room again',
      '',
    ]);
  });
});
